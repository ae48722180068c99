"""Files of detectors: what one party measured, as text. The page on keys describes the format.

::

    # qnet-circuits record 1
    # rounds: 6
    round,basis,bit
    1,0,1
    4,1,0

In a file of Alice's with decoy states a fourth column names the intensity of each pulse, 0 to 2.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.errors import ParameterError, UnknownNameError
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
from qnet_circuits.secrecy import Unpicklable
from qnet_circuits.theory.decoy import Decoys

_TITLE, _COLUMNS, _VERSION = "# qnet-circuits record ", "round,basis,bit", "1"
#: Rounds of the longest file.
MOST_ROUNDS = 100_000_000
#: The column that a file of a sender with decoy states has too.
_LEVEL = ",intensity"
#: The first row that is none, without this column and with it.
_OTHER = [
    re.compile(rb"^(?!\d{1,9},\d{1,3},[01]" + end + rb"$).*$", re.MULTILINE) for end in (b"", b",[0-2]")
]
#: How rules are read from text.
_KINDS: dict[str, Callable[[str], object]] = {
    "float": float, "int": int, "str": str, "bool": {"True": True, "False": False}.__getitem__,
    "Decoys | None": Decoys.from_text,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class DetectorFile(Unpicklable):
    r"""One party's record, and what its file says of it. Its repr shows no bits.

    Args:
        record: The record.
        rules: The rules of sessions with this record; those that the file does not name have their default.
        note: Why a key of this record is a demonstration, in one line; empty if nothing speaks against its use.

    Raises:
        ParameterError: If the note is not one line of ASCII.

    Example:
        >>> text = b"# qnet-circuits record 1\n# rounds: 6\n# tolerance: 0.03\nround,basis,bit\n1,0,1\n4,1,0\n"
        >>> given = read_detectors(text, "alice.csv")
        >>> given.record, given.rules.tolerance, given.to_bytes() == text
        (<PartyRecord of 6 rounds, 2 detected>, 0.03, True)
    """

    record: PartyRecord = field(repr=False)
    rules: SessionParameters = field(default_factory=SessionParameters)
    note: str = ""

    def __post_init__(self) -> None:
        if not (self.note.isascii() and (self.note.isprintable() or not self.note)):
            raise ParameterError(f"the note of a file of detectors is one line of ASCII, got {self.note!r}")

    def __repr__(self) -> str:
        return f"<DetectorFile: {self.record}>"

    def to_bytes(self) -> bytes:
        """Return the content of the file. It is a secret of the party."""
        usual = vars(SessionParameters())
        head = {name: value for name, value in vars(self.rules).items() if value != usual[name]}
        head = {"rounds": len(self.record), **head, **({"note": self.note} if self.note else {})}
        seen, levels = np.flatnonzero(self.record.seen), self.record.intensities
        columns: list[NDArray[Any]] = [seen + 1, self.record.bases[seen], self.record.bits[seen]]
        if levels is not None:
            columns.append(levels[seen])
        lines = [_TITLE + _VERSION, *(f"# {name}: {value}" for name, value in head.items())]
        lines.append(_COLUMNS + _LEVEL * (levels is not None))
        body = "\n".join(map(",".join(["{}"] * len(columns)).format, *np.stack(columns).tolist()))
        return "\n".join([*lines, *([body] if body else []), ""]).encode()


def read_detectors(content: bytes, name: str) -> DetectorFile:
    """Return what a file of detectors holds.

    The first line names the format and its version. Lines ``# name: value`` follow: ``rounds``, the number of all rounds, and,
    if wanted, rules of the session and a ``note``. After the line ``round,basis,bit`` comes one row for each round that was
    detected, in order: the round's number from 1, the number of the basis (0 for the key's, usually Z, and 1 for the one that
    is compared), and the bit. Lost rounds have no row; a round with two clicks has a random bit. With the column ``intensity``
    and the rule ``decoys`` Alice's pulses came from a laser, and the column numbers their intensities 0 to 2.

    Args:
        content: The file's bytes.
        name: The file's name in messages.

    Raises:
        ParameterError: If a line is something else. The message gives its number, and none of the bits.
    """
    text = content.replace(b"\r\n", b"\n").removesuffix(b"\n") + b"\n"
    laser = f"\n{_COLUMNS}{_LEVEL}\n".encode() in text
    top, mark, body = text.partition(f"\n{_COLUMNS}{_LEVEL * laser}\n".encode())
    head = top.decode("ascii", "replace").split("\n")
    if not head[0].startswith(_TITLE) or not mark:
        raise ParameterError(
            f"{name} is no file of detectors; it must begin with {_TITLE + _VERSION!r}, and have the line {_COLUMNS!r} "
            "before its rows"
        )
    said = _said(head, name)
    note, rounds = said.pop("note", ""), said.pop("rounds", "")
    if not rounds.isdecimal() or not 0 < int(rounds) <= MOST_ROUNDS:
        raise ParameterError(
            f"{name}: '# rounds:' must give the number of all rounds, 1 to {MOST_ROUNDS}, got {rounds!r}"
        )
    record = _record(body.removesuffix(b"\n"), int(rounds), name, len(head) + 2, laser)
    return DetectorFile(record, rules_with(SessionParameters(), said, name), note)


def _said(head: Sequence[str], name: str) -> dict[str, str]:
    """Return the values of the lines ``# name: value``."""
    if head[0] != _TITLE + _VERSION:
        raise ParameterError(f"{name} has version {head[0][len(_TITLE) :]!r}, this library reads {_VERSION}")
    said: dict[str, str] = {}
    for number, line in enumerate(head[1:], 2):
        key, colon, value = line.removeprefix("# ").partition(": ")
        if not line.startswith("# ") or not colon or key in said:
            raise ParameterError(
                f"{name}, line {number}: '# name: value' with a new name, or {_COLUMNS!r}, is expected"
            )
        said[key] = value
    return said


def rules_with(rules: SessionParameters, given: Mapping[str, object], where: str) -> SessionParameters:
    """Return rules with some of them replaced; values may be texts.

    Raises:
        ParameterError: If there is no such rule, or a value is out of its range.

    Example:
        >>> rules_with(SessionParameters(), {"tolerance": "0.03"}, "--set").tolerance
        0.03
    """
    kinds = {each.name: _KINDS[str(each.type)] for each in fields(rules) if each.type in _KINDS}
    changes: dict[str, object] = {}
    for name, value in given.items():
        if name not in kinds or name == "sessions":
            raise UnknownNameError(f"rule in {where}", name, kinds.keys() - {"sessions"})
        try:
            changes[name] = kinds[name](value) if isinstance(value, str) else value
        except (ValueError, KeyError):
            raise ParameterError(f"{where}: {name} must be of another kind, got {value!r}") from None
    return replace(rules, **changes)  # type: ignore[arg-type]


def _record(body: bytes, rounds: int, name: str, first: int, laser: bool) -> PartyRecord:
    """Return the record of the rows, which begin at a line."""
    if body and (other := _OTHER[laser].search(body)):
        line = first + body.count(b"\n", 0, other.start())
        raise ParameterError(
            f"{name}, line {line}: a row is {_COLUMNS + _LEVEL * laser}, such as 17,0,1{',2' * laser}, with a bit of 0 or 1"
        )
    rows = (
        np.loadtxt(io.BytesIO(body), np.int64, delimiter=",", ndmin=2)
        if body
        else np.zeros((0, 3 + laser), int)
    )
    wrong = (rows[:, 0] > rounds) | (np.diff(rows[:, 0], prepend=0) <= 0) | (rows[:, 1] > 254)
    if wrong.any():
        line = first + int(np.argmax(wrong))
        raise ParameterError(
            f"{name}, line {line}: rounds must increase from 1 to at most {rounds}, and bases be at most 254"
        )
    bases, bits, seen = np.zeros(rounds, np.uint8), np.zeros(rounds, np.uint8), np.zeros(rounds, bool)
    at = rows[:, 0] - 1
    bases[at], bits[at], seen[at] = rows[:, 1], rows[:, 2], True
    levels = np.zeros(rounds, np.uint8) if laser else None
    if levels is not None:
        levels[at] = rows[:, 3]
    return PartyRecord(bases, bits, seen, levels)
