"""Anonymous transmission: a qubit is sent within a group, and nobody else learns who sends and who receives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.errors import ParameterError, check_count, check_name
from qnet_circuits.programs.blocks import (
    CARDINAL,
    State,
    bell_measurement,
    measure_pauli,
    prepare,
)
from qnet_circuits.programs.cheater import DishonestParty
from qnet_circuits.programs.conditions import Bit
from qnet_circuits.programs.expressions import Expression, acceptance, keep_if, parity, population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import correct
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.sharing import PartiesProtocol, sent_to_parties, told_to_all
from qnet_circuits.protocols.ghz import ghz_state
from qnet_circuits.protocols.w_state import w_state
from qnet_circuits.theory import bounds
from qnet_circuits.theory.anonymity import ghz_pair, w_pair
from qnet_circuits.theory.bell_diagonal import Weights
from qnet_circuits.theory.noise_parameters import NoiseParameters

#: The Pauli that all parties but sender and receiver measure, by scheme.
_MEASURED = {"ghz": "X", "w": "Z"}
#: Each teleported state, the axis of its Bloch vector, and the sign along it.
_SENT = [
    (state, axis, sign)
    for state, vector in CARDINAL.items()
    for axis, sign in zip("XYZ", vector, strict=True)
    if sign
]
_NULL = {"pair_fidelity": bounds.BELL_ENTANGLED, "fidelity": bounds.TELEPORTATION_CLASSICAL}
_PERFECT, _NOISE = (1.0, 0.0, 0.0, 0.0), (0.25, 0.25, 0.25, 0.25)


@dataclass(frozen=True)
class CuriousParty(DishonestParty):
    """A party who follows the protocol, keeps the own result in ``heard``, and guesses the sender from all that is known.

    Args:
        party: Number of the party, from 1. Default 3.

    Raises:
        ParameterError: If ``party`` is not a positive whole number.

    Example:
        >>> CuriousParty.form()
        'curious[:party]'
    """

    kind: ClassVar[str] = "curious"
    party: int = 3


@register
@dataclass(frozen=True)
class AnonymousTransmission(PartiesProtocol):
    """A sender teleports a qubit to a receiver, and no other party learns who they are.

    All parties share a state from a source. In the scheme ``ghz`` all others measure X of a GHZ state and announce the results;
    sender and receiver announce random bits. The sender applies Z if the parity of the others' results is odd, and then shares
    Φ+ with the receiver (Christandl and Wehner, quant-ph/0409201). In the scheme ``w`` all others measure Z of a W state. If
    none reads 1, which has the probability 2/n and is found by an anonymous veto, sender and receiver share Ψ+, which the
    sender's X makes Φ+ (Lipinska, Murta, Wehner, Phys. Rev. A 98, 052320 (2018)). If every qubit is dephased with probability
    e, the pair has the fidelity (1 + (1 - 2e)^n)/2 with ``ghz``, and (1 + (1 - 2e)²)/2 with ``w``.

    ``pair_fidelity`` is the fidelity of the pair, ``fidelity`` the mean fidelity of six teleported states, and ``acceptance``
    the share of rounds in which the W state leaves a pair. ``cheater_guess`` is how often a curious party names the sender if
    each of the others sends equally often. Announcements do not depend on who sends, so the guess is as good as chance.

    On hardware: 3n + 3 qubits and 3n two-qubit gates for ``ghz``, and 3n + 1 and 4n - 2 for ``w``; three circuits for the pair
    and six for teleportation, with Pauli frames. A curious party adds n - 1 circuits.

    Args:
        parties: Number of parties, each with a link to the source; or, with ``network``, the names of the parties' nodes. At
            least 3, default 3.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: Any network with links of its own. Its first node is the source, and all other nodes are parties unless
            ``parties`` names some.
        scheme: ``ghz``, the default, or ``w``.
        sender: Number of the sender, from 1. Default 1.
        receiver: Number of the receiver. Default 2.
        cheater: A party who wants to know the sender, ``curious[:party]``. Default: nobody.

    Raises:
        ParameterError: If there are too few parties, a number is no party's, the sender is the receiver, or the cheater is one
            of them.
        UnknownNameError: If there is no such scheme or cheater.

    Example:
        >>> noisy = AnonymousTransmission(link_fidelity=0.95, scheme="w")
        >>> {name: round(value, 4) for name, value in noisy.theory(NoiseParameters()).items()}
        {'pair_fidelity': 0.8886, 'fidelity': 0.9257, 'acceptance': 0.6556}
    """

    name: ClassVar[str] = "anonymous-transmission"
    stage: ClassVar[str] = "quantum memory"
    assumes: ClassVar[tuple[str, ...]] = (
        "The source sends the promised state; parties who do not trust it verify some of its states first.",
        "Classical protocols made sure before that there is one sender, and told the receiver; they also carry the two bits of "
        "the teleportation, and the veto of the scheme w, without names (Broadbent and Tapp, arXiv:0706.2010).",
        "Parties announce at the same time, and each of them can spoil the pair and stay unknown.",
        "In the scheme w all links are equally good; otherwise the share of vetoes depends on who sends.",
    )
    source: ClassVar[str] = (
        "Christandl and Wehner, quant-ph/0409201; Lipinska, Murta, Wehner, Phys. Rev. A 98, 052320 (2018)"
    )
    least_parties: ClassVar[int] = 3

    scheme: str = "ghz"
    sender: int = 1
    receiver: int = 2
    cheater: CuriousParty | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name("scheme", self.scheme, _MEASURED)
        parties = len(self.members)
        for role in ("sender", "receiver"):
            object.__setattr__(self, role, check_count(role, getattr(self, role), 1, parties))
        if self.sender == self.receiver:
            raise ParameterError(f"sender and receiver must be two parties, got {self.sender} for both")
        self.set_cheater([CuriousParty])
        if self.dishonest in self._ends:
            raise ParameterError(
                f"party {self.dishonest + 1} sends or receives and knows it; a curious party is one of the others"
            )

    @property
    def _ends(self) -> tuple[int, int]:
        return self.sender - 1, self.receiver - 1

    def program(self, rng: np.random.Generator) -> Program:
        """Return the circuits of the pair, those of teleported states, and those in which a curious party guesses."""
        pairs = [self._item(2 * axis, self._ends, 2 * axis.upper()) for axis in "xyz"]
        states = [self._item(f"{state}_{axis.lower()}", self._ends, axis, state) for state, axis, _ in _SENT]
        xx, yy, zz = (parity(item.name, [("out", 0), ("out", 1)]) for item in pairs)
        mean = sum(
            (sign * parity(item.name, [("out", 0)]) for item, (*_, sign) in zip(states, _SENT, strict=True)),
            Expression(),
        )
        found = {"pair_fidelity": (1 + xx - yy + zz) / 4, "fidelity": (1 + mean / 6) / 2}
        if self.scheme == "w":
            found = {name: keep_if(each, *self._quiet(self._ends)) for name, each in found.items()}
            found["acceptance"] = acceptance(found["pair_fidelity"])
        items = [*pairs, *states]
        if self.dishonest is not None:
            tried, found["cheater_guess"] = self._guess(self.dishonest)
            items += tried
        ideal, silent = (self._expected([arm] * len(self.members)) for arm in (_PERFECT, _NOISE))
        figures = [
            Figure(name, each, ideal[name], silent[name], _NULL.get(name), physical=(0.0, 1.0))
            for name, each in found.items()
        ]
        return Program(items, figures, self.shared)

    def _guess(self, curious: int) -> tuple[list[Item], Expression]:
        """Return a circuit for each other party as the sender, and how often the curious party names the sender.

        From announced bits, the first of the others who announced 1 is named, or else the last. From a veto, the first of the
        others is named if nobody vetoes, and else the second. No rule is better, since all that is known does not depend on the
        sender.
        """
        items, right = [], Expression()
        tried = self._tried(curious)
        for place, ends in enumerate(tried):
            item = self._item(f"from_{ends[0] + 1}_to_{ends[1] + 1}", ends, "Z", "0")
            items.append(item)
            if self.scheme == "w":
                quiet = population(item.name, *self._quiet(ends))
                right = right + (quiet, 1 - quiet, Expression())[min(place, 2)]
            else:
                last = place == len(tried) - 1
                bits = [("told", sender) for sender, _ in tried[: place + (not last)]]
                right = right + population(item.name, bits, ["0" * place + "1" * (not last)])
        return items, right / len(tried)

    def _tried(self, curious: int) -> list[tuple[int, int]]:
        """Return each party that a curious party may suspect as the sender, with the next of them as the receiver."""
        others = [k for k in range(len(self.members)) if k != curious]
        return list(zip(others, [*others[1:], others[0]], strict=True))

    @staticmethod
    def _apart(
        arms: Sequence[Weights], ends: tuple[int, int]
    ) -> tuple[tuple[Weights, Weights], list[Weights]]:
        """Return the arms of sender and receiver, and those of all others."""
        sender, receiver = ends
        return (arms[sender], arms[receiver]), [arm for k, arm in enumerate(arms) if k not in ends]

    def _quiet(self, ends: tuple[int, int]) -> tuple[list[Bit], list[str]]:
        """Return the bits of all parties but the ends, and their pattern if nobody vetoes."""
        bits = [("told", k) for k in range(len(self.members)) if k not in ends]
        return bits, ["0" * len(bits)]

    def _item(self, name: str, ends: tuple[int, int], paulis: str, state: State | None = None) -> Item:
        """Return the circuit in which the ends measure Paulis of their pair, or teleport a state that the receiver measures."""
        circuit = self._circuit(ends, paulis, state)
        said = ("outcome", "told") if self.scheme == "ghz" else ("share of the veto",)
        tags: dict[str, str | int] = {"setting": paulis, "sender": ends[0] + 1, "receiver": ends[1] + 1}
        tags |= {} if state is None else {"state": str(state)}
        return Item(name, circuit, tags, announced=told_to_all(self.members, *said))

    def _circuit(self, ends: tuple[int, int], paulis: str, state: State | None) -> QuantumCircuit:
        make, coins = (ghz_state, 1) if self.scheme == "ghz" else (w_state, 0)
        sender, receiver = (self.members[k] for k in ends)
        own = {sender: coins + (state is not None), receiver: coins}
        circuit, qubits = sent_to_parties(self.shared, self.members, make, own)
        told, out = ClassicalRegister(len(qubits), "told"), ClassicalRegister(len(paulis), "out")
        circuit.add_register(told, out)
        at = {register.name: register for register in circuit.qregs}
        near, far = (qubits[k] for k in ends)
        others = [k for k in range(len(qubits)) if k not in ends]
        for k in others:
            self._measure(circuit, k, qubits[k], told[k])
        if self.scheme == "w":
            circuit.x(near)
        else:
            for k in ends:
                measure_pauli(circuit, at[self.members[k]][0], "X", told[k])
            correct(circuit, near, z=[told[k] for k in others])
        if state is None:
            measure_pauli(circuit, near, paulis[0], out[0])
        else:
            bits = ClassicalRegister(2, "teleport")
            circuit.add_register(bits)
            prepare(circuit, at[sender][coins], state)
            bell_measurement(circuit, at[sender][coins], near, z_bit=bits[0], x_bit=bits[1])
            correct(circuit, far, x=[bits[1]], z=[bits[0]])
        measure_pauli(circuit, far, paulis[-1], out[-1])
        return circuit

    def _measure(self, circuit: QuantumCircuit, party: int, qubit: Qubit, bit: Clbit) -> None:
        """Append the measurement of a party that neither sends nor receives; a curious party keeps the result."""
        if party != self.dishonest:
            measure_pauli(circuit, qubit, _MEASURED[self.scheme], bit)
            return
        heard = ClassicalRegister(1, "heard")
        circuit.add_register(heard)
        measure_pauli(circuit, qubit, _MEASURED[self.scheme], heard[0])
        circuit.measure(qubit, bit)

    def _expected(self, arms: Sequence[Weights]) -> dict[str, float]:
        """Return the figures for errors of the pairs between the source and the parties."""
        ends, others = self._apart(arms, self._ends)
        share, pair = w_pair(ends, others) if self.scheme == "w" else (1.0, ghz_pair(ends, others)[0])
        found = {"pair_fidelity": pair, "fidelity": (2 * pair + 1) / 3}
        if self.scheme == "w":
            found["acceptance"] = share
        if self.dishonest is not None:
            right = 1.0
            if self.scheme == "w":
                first, second = (
                    w_pair(*self._apart(arms, tried))[0] for tried in self._tried(self.dishonest)[:2]
                )
                right += first - second
            found["cheater_guess"] = right / (len(arms) - 1)
        return found

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return all figures for the errors of the pairs between the source and the parties."""
        return self._expected(self.arms) if noise.ideal else {}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """What pairs without entanglement reach, and the guess of a party whose knowledge does not depend on the sender."""
        found = {
            "pair_fidelity": {"entangled": bounds.BELL_ENTANGLED},
            "fidelity": {"classical": bounds.TELEPORTATION_CLASSICAL},
        }
        if self.dishonest is not None and (self.scheme == "ghz" or len(set(self.arms)) == 1):
            found["cheater_guess"] = {"chance": 1 / (len(self.members) - 1)}
        return found
