"""What each party did in each round, as columns of a table; for demonstrations, whose bits are no secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.qkd.rounds import NOTHING, Rounds
from qnet_circuits.qkd.settings import BASES

#: Bases as they are written: the last two are at 45° between Z and X.
_NAMES = np.array([{"plus": "Z+X", "minus": "Z-X"}.get(basis, basis.upper()) for basis in BASES])
#: What becomes of a round.
KEY, TESTED, BELL, DROPPED, LOST = "key", "test", "bell", "dropped", "lost"


def columns_of(played: Sequence[Rounds], key_basis: str, eve: bool) -> dict[str, NDArray[Any]]:
    """Return the columns of a table with a row for each round.

    Args:
        played: The rounds of each line: of one, or of the two that a man in the middle has with Alice and with Bob.
        key_basis: The basis whose bits make the key; bits of the others are compared.
        eve: Whether there is an eavesdropper, whose bit is a column then, empty where she has none.

    Returns:
        ``round``, ``alice_basis``, ``alice_bit``, ``bob_basis``, ``bob_bit``, ``use`` (``key``, ``test``, ``bell`` for the CHSH
        value, ``dropped``, or ``lost``), and where they mean something ``eve_bit`` and ``line``: on the line ``alice-eve`` the
        columns of Bob are hers, and on ``eve-bob`` those of Alice.
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
    return made


def _use(rounds: Rounds, key_basis: str) -> NDArray[Any]:
    """Return what becomes of each round."""
    key = rounds.alice.bases == BASES.index(key_basis)
    at_45 = rounds.alice.bases >= BASES.index("plus")
    cases = [~rounds.alice.seen, at_45, rounds.sifted & key, rounds.sifted]
    return np.select(cases, [LOST, BELL, KEY, TESTED], DROPPED)
