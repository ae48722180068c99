"""The data behind a result: counts of outcomes, the rounds of a key distribution, and the circuits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qnet_circuits.backends.base import Raw
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.conditions import Registers
from qnet_circuits.programs.packed import PackedBits, packed_bits
from qnet_circuits.programs.protocol import Analysis, ask
from qnet_circuits.runs.results.outcomes import pooled
from qnet_circuits.runs.results.rounds import RoundTable

if TYPE_CHECKING:
    from qnet_circuits.programs.figures import Outcomes
    from qnet_circuits.runs.analysis import Stored
    from qnet_circuits.runs.prepared import Prepared
    from qnet_circuits.runs.source import Source

#: Joint counts of a circuit: how often each string of bits came.
Counts = dict[str, int]


@dataclass(frozen=True)
class Sampled:
    """The packed outcomes of a run, their protection, and the program that ran.

    Args:
        stored: The stored run.
        level: Confidence level of the result.
        source: The protocol, program and backend of the run.
        path: The run's directory, if it has one.
    """

    stored: Stored
    level: float
    source: Prepared | Source
    path: Path | None

    @classmethod
    def of(cls, stored: Stored, level: float, source: Prepared | Source, path: Path | None) -> Sampled:
        """Return the data to keep with a result, without secret outcomes and secret bytes."""
        demonstration = bool(stored.manifest["options"].get("seeded", True))
        if stored.protocol is not None and stored.protocol.secret_outcomes and not demonstration:
            return cls(replace(stored, blocks=None, counts=None, root=b""), level, source, path)
        blocks = stored.blocks and [[_packed(raw) for raw in block] for block in stored.blocks]
        return cls(
            replace(stored, blocks=blocks, root=stored.root if demonstration else b""), level, source, path
        )

    def outcomes(self) -> Outcomes:
        """Return the corrected outcomes, of all blocks and copies together.

        Raises:
            UnsupportedError: If none are kept, or they are secret.
        """
        stored = self.stored
        if stored.blocks is not None:
            return pooled(stored.outcomes())
        if stored.manifest.exact:
            raise UnsupportedError("the figures were computed without sampling, so there are no outcomes")
        if stored.counts is not None:
            raise UnsupportedError(
                f"{stored.manifest['backend']} counted events while it sampled and kept no outcomes; "
                "use qn.submit(...).result(), which keeps them"
            )
        raise UnsupportedError(
            f"the outcomes of {stored.manifest['protocol']} are key material and are not shown; a run with a seed is a "
            "demonstration and shows its outcomes"
        )

    def counts(self) -> dict[str, Counts]:
        """Return the counts of joint outcomes, by circuit."""
        return {name: joint_counts(registers) for name, registers in self.outcomes().items()}

    def rounds(self) -> RoundTable:
        """Return a row for each round, or raise UnsupportedError if the protocol has no such table."""
        protocol, columns = self.stored.protocol, None
        if protocol is not None:
            analysis = Analysis(self.level, self.stored.root, demonstration=True)
            columns = ask(protocol, "round_table", self.outcomes(), analysis)
        if columns is None:
            raise UnsupportedError(
                f"{self.stored.manifest['protocol']} has no table of rounds, as key distributions have; counts() gives outcomes"
            )
        return RoundTable(columns)


def joint_counts(registers: Registers) -> Counts:
    """Return the counts of the joint outcomes of a circuit's registers.

    Keys are those of Qiskit's counts: registers are separated by spaces, the last is first, and bit 0 of each is rightmost.

    Args:
        registers: {register: bool array (shots, width)}.

    Example:
        >>> joint_counts({"bell": np.array([[True, False], [True, False]]), "out": np.array([[True], [False]])})
        {'0 01': 1, '1 01': 1}
    """
    names = list(registers)[::-1]
    bits = np.concatenate([np.asarray(registers[name])[:, ::-1] for name in names], axis=1)
    rows = np.packbits(bits, axis=1)
    if rows.shape[1] <= 8:  # NumPy sorts numbers far faster than rows
        rows = np.pad(rows, ((0, 0), (0, 8 - rows.shape[1]))).view(">u8")
    axis = 0 if rows.shape[1] > 1 else None
    _, first, counts = np.unique(rows, axis=axis, return_index=True, return_counts=True)
    ends = np.cumsum([registers[name].shape[1] for name in names])[:-1]
    keys = (" ".join(map(_text, np.split(bits[place], ends))) for place in first)
    return dict(zip(keys, counts.tolist(), strict=True))


def _text(bits: np.ndarray) -> str:
    return "".join("1" if bit else "0" for bit in bits)


def _packed(raw: Raw) -> dict[str, Any]:
    return {name: bits if isinstance(bits, PackedBits) else packed_bits(bits) for name, bits in raw.items()}
