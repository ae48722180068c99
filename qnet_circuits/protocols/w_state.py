"""W states: one excitation that several parties share, teleported from a source."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Qubit

from qnet_circuits.errors import check_name
from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.expressions import Expression, parity, population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.sharing import PartiesProtocol, sent_to_parties
from qnet_circuits.theory import w_state as theory
from qnet_circuits.theory.noise_parameters import NoiseParameters

METHODS = ("pairs", "collective")


@register
@dataclass(frozen=True)
class WState(PartiesProtocol):
    """Several parties share one excitation, (|10…0⟩ + |01…0⟩ + … + |00…1⟩)/√n.

    A source prepares the state and teleports one qubit to each party. The fidelity is (P + C)/n: P is the probability that
    exactly one party reads 1 in Z, and C the sum over pairs of the means of (XX + YY)/2, with a shot counted as 0 unless all
    other parties read 0 in Z. A fidelity above (n - 1)/n proves genuine entanglement of all parties. Unlike a GHZ state, a W
    state keeps each pair entangled if the other qubits are lost: the pair's (⟨XX⟩ + ⟨YY⟩)/2 is 2/n, which is its concurrence.

    Each of these means has n letters of its own, so no fewer settings of Paulis give the fidelity of any state: two for each
    pair, and one. With ``collective`` all parties measure Z, or all X, or all Y. Three circuits then give a lower bound on the
    fidelity of any state, P - (n - 1) s with the mean probability s of the singlet of two parties. It is the fidelity if
    exactly one party always reads 1.

    On hardware: 3n qubits and 4n - 3 two-qubit gates for n parties with links to the source. All corrections can be made in
    software (Pauli frame).

    Args:
        parties: Number of parties, each with a link to the source, at least 2; or, with ``network``, the names of the parties'
            nodes. Default 3.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: Any network with links of its own. Its first node is the source, and all other nodes are parties unless
            ``parties`` names some; pairs are swapped along routes.
        method: ``pairs`` measures the fidelity in n(n - 1) + 1 settings, ``collective`` a lower bound in three.

    Raises:
        ParameterError: If there are too few parties, a value is out of range, a party is no node of the network or its source,
            or ``network`` is given together with a number of parties or ``link_fidelity``.
        UnknownNameError: If there is no such method.

    Example:
        >>> round(WState(link_fidelity=0.95).theory(NoiseParameters())["fidelity"], 4)
        0.8632
    """

    name: ClassVar[str] = "w-state"
    stage: ClassVar[str] = "entanglement distribution"
    assumes: ClassVar[tuple[str, ...]] = (
        "The parties measure the Paulis that they say they measure.",
        "All circuits receive the same state from the source.",
    )
    source: ClassVar[str] = (
        "Dür, Vidal, Cirac, Phys. Rev. A 62, 062314 (2000); fidelity: Gühne, Lu, Gao, Pan, arXiv:0706.2432"
    )

    method: str = "pairs"

    def __post_init__(self) -> None:
        check_name("method", self.method, METHODS)
        super().__post_init__()

    def program(self, rng: np.random.Generator) -> Program:
        """Return the circuit in which all parties measure Z, and those in which some measure X or Y."""
        n = len(self.members)
        settings = dict.fromkeys(
            ["Z" * n, *(self._setting(axis, pair) for pair in _pairs(n) for axis in "XY")]
        )
        items = [Item(name.lower(), self._circuit(name), {"setting": name}) for name in settings]
        one = population("z" * n, _bits(range(n)), _strings(n, range(n), [1]))
        xx_yy = sum((self._mean(axis, pair) for pair in _pairs(n) for axis in "XY"), Expression())
        without = n / 2**n
        figures = [
            self._fidelity(one, xx_yy),
            Figure("populations", one, 1.0, without, physical=(0.0, 1.0)),
            Figure("pair_coherence", xx_yy / (n * (n - 1)), 2 / n, 0.0, physical=(-1.0, 1.0)),
        ]
        return Program(items, figures, self.shared)

    def _fidelity(self, one: Expression, xx_yy: Expression) -> Figure:
        """Return the figure of the fidelity, or of its lower bound."""
        n = len(self.members)
        null = theory.entangled(n)
        if self.method == "pairs":
            kept = sum((self._mean(axis, pair, True) for pair in _pairs(n) for axis in "XY"), Expression())
            return Figure("fidelity", (one + kept / 2) / n, 1.0, 2.0**-n, null, physical=(0.0, 1.0))
        zz = sum((parity("z" * n, _bits(pair)) for pair in _pairs(n)), Expression())
        singlet = (1 - (xx_yy + zz) / math.comb(n, 2)) / 4
        without = theory.collective_bound(n, n / 2**n, 1 / 4)
        physical = (1.0 - n, 1.0)
        return Figure("fidelity_bound", one - (n - 1) * singlet, 1.0, without, null, physical=physical)

    def _setting(self, axis: str, pair: Sequence[int]) -> str:
        """Return what the parties measure for the XX or YY of a pair."""
        n = len(self.members)
        return axis * n if self.method == "collective" else _in_place(n, pair, axis, "Z")

    def _mean(self, axis: str, pair: Sequence[int], alone: bool = False) -> Expression:
        """Return the mean of the XX or YY of a pair; with ``alone`` a shot is 0 unless the other parties read 0."""
        n, item = len(self.members), self._setting(axis, pair).lower()
        if not alone:
            return parity(item, _bits(pair))
        even, odd = (population(item, _bits(range(n)), _strings(n, pair, ones)) for ones in ((0, 2), (1,)))
        return even - odd

    def _circuit(self, paulis: str) -> QuantumCircuit:
        circuit, qubits = sent_to_parties(self.shared, self.members, w_state)
        out = ClassicalRegister(len(qubits), "out")
        circuit.add_register(out)
        for qubit, pauli, bit in zip(qubits, paulis, out, strict=True):
            measure_pauli(circuit, qubit, pauli, bit)
        return circuit

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the figures for the errors between the source and the parties."""
        if not noise.ideal:
            return {}
        arms = self.arms
        one, found = theory.exactly_one(arms), {"pair_coherence": theory.pair_coherence(arms)}
        if self.method == "pairs":
            return {"fidelity": theory.fidelity(arms), "populations": one, **found}
        bound = theory.collective_bound(len(arms), one, theory.singlet(arms))
        return {"fidelity_bound": bound, "populations": one, **found}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """A fidelity above (n - 1)/n proves genuine entanglement of all parties."""
        name = "fidelity" if self.method == "pairs" else "fidelity_bound"
        return {name: {"entangled": theory.entangled(len(self.members))}}


def w_state(circuit: QuantumCircuit, qubits: Sequence[Qubit]) -> None:
    """Append the preparation of one excitation shared by qubits of one node, 2n - 3 two-qubit gates between neighbours.

    The two qubits in the middle share the excitation, and each hands on the part of the qubits on its side.

    Example:
        >>> from qiskit.quantum_info import Statevector
        >>> circuit = QuantumCircuit(3)
        >>> w_state(circuit, circuit.qubits)
        >>> Statevector(circuit).probabilities().round(4).tolist()
        [0.0, 0.3333, 0.3333, 0.0, 0.3333, 0.0, 0.0, 0.0]
    """
    middle = len(qubits) // 2
    left, right = qubits[:middle][::-1], qubits[middle:]
    circuit.ry(2 * math.asin(math.sqrt(len(right) / len(qubits))), right[0])
    circuit.x(left[0])
    circuit.cx(right[0], left[0])
    for side in (left, right):
        for k in range(len(side) - 1):
            rest = len(side) - k - 1
            _hand_on(circuit, side[k], side[k + 1], rest / (rest + 1))


def _hand_on(circuit: QuantumCircuit, giver: Qubit, taker: Qubit, share: float) -> None:
    """Append the gates that move a share of an excitation to a qubit in |0⟩: a controlled rotation and a CNOT."""
    half = math.asin(math.sqrt(share))
    circuit.ry(-half, taker)
    circuit.cz(giver, taker)
    circuit.ry(half, taker)
    circuit.cx(taker, giver)


def _pairs(n: int) -> list[tuple[int, int]]:
    return list(combinations(range(n), 2))


def _bits(places: Iterable[int]) -> list[tuple[str, int]]:
    return [("out", k) for k in places]


def _in_place(n: int, places: Sequence[int], here: str, elsewhere: str) -> str:
    return "".join(here if k in places else elsewhere for k in range(n))


def _strings(n: int, places: Sequence[int], ones: Sequence[int]) -> list[str]:
    """Return all strings of n bits with one of these numbers of ones, all of them at some places."""
    return [_in_place(n, where, "1", "0") for number in ones for where in combinations(places, number)]
