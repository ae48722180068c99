"""What can be reached without entanglement, and what quantum mechanics allows at most."""

from __future__ import annotations

import math

#: A pair with a fidelity above this with a Bell state is entangled; no separable pair exceeds it.
BELL_ENTANGLED: float = 0.5

#: The best average fidelity of measuring a qubit and preparing it anew, (2F + 1)/3 at F = 1/2 (quant-ph/9807091).
TELEPORTATION_CLASSICAL: float = 2 / 3

#: The largest CHSH value of any local model: each of the 16 fixed sets of answers gives +2 or -2.
CHSH_CLASSICAL: float = 2.0

#: The largest CHSH value in quantum mechanics, reached by a Bell state: the CHSH operator squared is at most 8.
CHSH_QUANTUM: float = 2 * math.sqrt(2)

#: A state with a fidelity above this with a GHZ state is entangled across every split of the parties.
GHZ_ENTANGLED: float = 0.5

#: The best probability to guess one of four messages from one qubit without entanglement: dimension 2 over 4.
DENSE_CODING_CLASSICAL: float = 0.5

#: The largest process fidelity with a CNOT between nodes without entanglement: its Choi state holds one ebit.
CNOT_LOCAL: float = 0.5
