"""Files of detectors: what one party measured, as text. The page on keys describes the format.

::

    # qnet-circuits record 1
    # rounds: 6
    # detected: 2
    round,basis,bit
    1,0,1
    4,1,0

In a file of Alice's with decoy states a fourth column names the intensity of each pulse, 0 to 2.
"""

from __future__ import annotations

import io
import itertools
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
#: Bytes of rows that are read at once, and rows that are written: as numbers they take much more memory than as text.
_PIECE = 2**18
#: The column that a file of a sender with decoy states has too.
_LEVEL = ",intensity"
#: The first row that is none, without this column and with it.
_OTHER = [
    re.compile(rb"^(?!\d{1,9},\d{1,3},[01]" + end + rb"$).*$", re.MULTILINE) for end in (b"", b",[0-2]")
]
#: How rules are read from text.
_KINDS: dict[str, Callable[[str], object]] = {
    "float": float, "int": int, "str": str, "bool": {"True": True, "False": False}.__getitem__,
    "Decoys | None": Decoys.from_text, "int | None": int,
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
        >>> head = b"# qnet-circuits record 1\n# rounds: 6\n# detected: 2\n# tolerance: 0.03\nround,basis,bit\n"
        >>> given = read_detectors(head + b"1,0,1\n4,1,0\n", "alice.csv")
        >>> given.record, given.rules.tolerance, given.to_bytes() == head + b"1,0,1\n4,1,0\n"
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
        rules = {name: value for name, value in vars(self.rules).items() if value != usual[name]}
        seen, levels = np.flatnonzero(self.record.seen), self.record.intensities
        head = {"rounds": len(self.record), "detected": len(seen), **rules}
        head |= {"note": self.note} if self.note else {}
        columns: list[NDArray[Any]] = [self.record.bases[seen], self.record.bits[seen]]
        if levels is not None:
            columns.append(levels[seen])
        lines = [_TITLE + _VERSION, *(f"# {name}: {value}" for name, value in head.items())]
        lines += [_COLUMNS + _LEVEL * (levels is not None), ""]
        row = ",".join(["{}"] * (1 + len(columns))) + "\n"
        rows = (
            "".join(map(row.format, *((each[at : at + _PIECE]).tolist() for each in (seen + 1, *columns))))
            for at in range(0, len(seen), _PIECE)
        )
        return b"".join(map(str.encode, itertools.chain(["\n".join(lines)], rows)))


def read_detectors(content: bytes, name: str) -> DetectorFile:
    """Return what a file of detectors holds.

    The first line names the format and its version. Lines ``# name: value`` follow: ``rounds``, the number of all rounds, and,
    if wanted, ``detected``, the number of rows, rules of the session and a ``note``. After the line ``round,basis,bit`` comes a
    row for each round that was detected, in order: the round's number from 1, the number of the basis (0 for the key's, usually
    Z, and 1 for the one that is compared), and the bit. Lost rounds have no row; a round with two clicks has a random bit. With
    the column ``intensity`` and the rule ``decoys`` Alice's pulses came from a laser, and the column numbers their intensities.

    Args:
        content: The file's bytes.
        name: The file's name in messages.

    Raises:
        ParameterError: If a line is something else. The message gives its number, and none of the bits.
    """
    text = content.replace(b"\r\n", b"\n") if b"\r" in content else content
    text = text if text.endswith(b"\n") else text + b"\n"
    laser = f"\n{_COLUMNS}{_LEVEL}\n".encode() in text
    mark = f"\n{_COLUMNS}{_LEVEL * laser}\n".encode()
    end = text.find(mark)
    head = text[: max(0, end)].decode("ascii", "replace").split("\n")
    if not head[0].startswith(_TITLE):
        raise ParameterError(
            f"{name} is no file of detectors; it must begin with {_TITLE + _VERSION!r}, and have the line {_COLUMNS!r} "
            "before its rows"
        )
    said = _said(head, name)
    note, rounds, detected = said.pop("note", ""), said.pop("rounds", ""), said.pop("detected", None)
    if not rounds.isdecimal() or not 0 < int(rounds) <= MOST_ROUNDS:
        raise ParameterError(
            f"{name}: '# rounds:' must give the number of all rounds, 1 to {MOST_ROUNDS}, got {rounds!r}"
        )
    record = _record(text, end + len(mark), int(rounds), name, len(head) + 2, laser)
    found = int(np.count_nonzero(record.seen))
    if detected not in (None, str(found)):
        raise ParameterError(
            f"{name} has {found} rows and '# detected:' says {detected!r}; give the whole file"
        )
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


def _record(text: bytes, at: int, rounds: int, name: str, line: int, laser: bool) -> PartyRecord:
    """Return the record of the rows, which begin at a byte and at a line."""
    bases, bits, levels = (np.zeros(rounds, np.uint8) for _ in range(3))
    seen, last = np.zeros(rounds, bool), 0
    while at < len(text):
        end = text.find(b"\n", at + _PIECE) + 1 or len(text)
        rows = _rows(text[at : end - 1], last, rounds, name, line, laser)
        places, last, line, at = rows[:, 0] - 1, int(rows[-1, 0]), line + len(rows), end
        bases[places], bits[places], seen[places] = rows[:, 1], rows[:, 2], True
        if laser:
            levels[places] = rows[:, 3]
    return PartyRecord(bases, bits, seen, levels if laser else None)


def _rows(body: bytes, last: int, rounds: int, name: str, first: int, laser: bool) -> NDArray[np.int64]:
    """Return some rows as numbers. They begin at a line, after the row of a round."""
    if other := _OTHER[laser].search(body):
        line = first + body.count(b"\n", 0, other.start())
        raise ParameterError(
            f"{name}, line {line}: a row is {_COLUMNS + _LEVEL * laser}, such as 17,0,1{',2' * laser}, with a bit of 0 or 1"
        )
    rows = np.loadtxt(io.BytesIO(body), np.int64, delimiter=",", ndmin=2)
    wrong = (rows[:, 0] > rounds) | (np.diff(rows[:, 0], prepend=last) <= 0) | (rows[:, 1] > 254)
    if wrong.any():
        line = first + int(np.argmax(wrong))
        raise ParameterError(
            f"{name}, line {line}: rounds must increase from 1 to at most {rounds}, and bases be at most 254"
        )
    return rows
