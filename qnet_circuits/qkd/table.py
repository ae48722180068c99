"""The rounds as columns of a table: each party's bases and bits. It is for demonstrations, whose bits are not secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.qkd.rounds import NOTHING, Rounds
from qnet_circuits.qkd.settings import BASES

#: Bases as they are written: the last two are at 45° between Z and X.
_NAMES = np.array([{"plus": "Z+X", "minus": "Z-X"}.get(basis, basis.upper()) for basis in BASES])
#: The possible uses of a round.
KEY, TESTED, BELL, DROPPED, LOST = "key", "test", "bell", "dropped", "lost"


def columns_of(played: Sequence[Rounds], key_basis: str, eve: bool) -> dict[str, NDArray[Any]]:
    """Return the columns of a table with a row for each round.

    Args:
        played: The rounds of each line: of one line, or of the two lines of a man in the middle, with Alice and with Bob.
        key_basis: The basis whose bits make the key; bits of the other bases are compared.
        eve: Whether there is an eavesdropper. If so, her bit is a column, empty in rounds without a bit.

    Returns:
        ``round``, ``alice_basis``, ``alice_bit``, ``bob_basis``, ``bob_bit``, ``use`` (``key``, ``test``, ``bell`` for the CHSH
        value, ``dropped``, or ``lost``), and, if they apply, ``eve_bit`` and ``line``. On the line ``alice-eve`` the columns of
        Bob are the eavesdropper's; on ``eve-bob`` the columns of Alice are. Pulses of a laser have ``intensity``, 1 to 3, and
        ``photons``, which nobody knows but the simulation.
    """
    parts = [_columns(rounds, key_basis, eve) for rounds in played]
    if len(parts) > 1:
        parts = [
            {**part, "line": np.full(len(part["round"]), name)}
            for part, name in zip(parts, ("alice-eve", "eve-bob"), strict=True)
        ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _columns(rounds: Rounds, key_basis: str, eve: bool) -> dict[str, NDArray[Any]]:
    alice, bob = rounds.alice, rounds.bob
    made = {
        "round": np.arange(1, len(alice) + 1),
        "alice_basis": _NAMES[alice.bases],
        "alice_bit": alice.bits.astype(int),
        "bob_basis": _NAMES[bob.bases],
        "bob_bit": bob.bits.astype(int),
        "use": _use(rounds, key_basis),
    }
    if eve:
        made["eve_bit"] = np.where(rounds.heard == NOTHING, "", rounds.heard.astype(str))
    if rounds.photons is not None and rounds.alice.intensities is not None:
        made["intensity"] = rounds.alice.intensities.astype(int) + 1
        made["photons"] = np.array(["0", "1", "2+"])[rounds.photons]
    return made


def _use(rounds: Rounds, key_basis: str) -> NDArray[Any]:
    """Return the use of each round."""
    key = rounds.alice.bases == BASES.index(key_basis)
    at_45 = rounds.alice.bases >= BASES.index("plus")
    cases = [~rounds.alice.seen, at_45, rounds.sifted & key, rounds.sifted]
    return np.select(cases, [LOST, BELL, KEY, TESTED], DROPPED)
