"""Wiesner's quantum money: notes that the bank can test, and that nobody can copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit

from qnet_circuits.errors import check_count
from qnet_circuits.programs.blocks import measure_pauli, prepare
from qnet_circuits.programs.chains import ChainProtocol
from qnet_circuits.programs.counterfeiters import KINDS, Counterfeiter
from qnet_circuits.programs.expressions import Expression, population
from qnet_circuits.programs.figures import Figure, Outcomes
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Analysis, Analyzed, set_network
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.sending import cross, crossing_registers
from qnet_circuits.theory import quantum_money as theory
from qnet_circuits.theory.bell_diagonal import Weights, convolve
from qnet_circuits.theory.estimate import Estimate
from qnet_circuits.theory.noise_parameters import NoiseParameters

#: The states of the bank, each with its basis and its value in it.
STATES = {"0": ("Z", "0"), "1": ("Z", "1"), "+": ("X", "0"), "-": ("X", "1")}
#: The classical register of the bank's tests.
OUT = "out"
_PERFECT = (1.0, 0.0, 0.0, 0.0)


@register
@dataclass(frozen=True)
class QuantumMoney(ChainProtocol):
    """A bank issues a note of qubits that only the bank can test; a counterfeiter makes two notes of it, and both seldom pass.

    Each qubit is in one of the states 0, 1, + and -, which the bank keeps secret beside the note's serial number. The holder
    sends the note back over the same line, and the bank measures each qubit in its basis. Nobody can copy an unknown qubit:
    both of two notes pass with probability 3/4 for each qubit at best, so with (3/4)^n for n qubits. A bank that tolerates
    noise must see a share of right qubits above cos²(π/8), which a cloner reaches with both notes.

    On hardware: 1 qubit and 4 circuits for any length of the note; 3 qubits and 5 two-qubit gates with a cloner.

    Args:
        hops: Number of links between the bank and the holder, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain from the bank to the holder with links of its own, instead of ``hops`` and ``link_fidelity``.
        length: Number of qubits of a note, at least 1. Default 10.
        cheater: ``cloner``, ``universal``, ``measure``, ``measure:breidbart`` or ``keep``. Default: an honest holder.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.
        UnknownNameError: If there is no such cheater.

    Example:
        >>> QuantumMoney(cheater="measure", length=2).theory(NoiseParameters())
        {'both_pass': 0.625, 'valid': 0.75, 'note_both_pass': 0.390625}
    """

    name: ClassVar[str] = "quantum-money"
    stage: ClassVar[str] = "quantum memory"
    assumes: ClassVar[tuple[str, ...]] = (
        "The holder's memory keeps the qubits until the note is spent.",
        "The bank tests every note itself, and destroys it or replaces it by a new one.",
        "A bank that gives valid notes back is not secure: a holder who hands in slightly changed notes again and again learns "
        "the states (arXiv:1404.1507).",
    )
    source: ClassVar[str] = (
        "Wiesner, Conjugate coding, SIGACT News 15, 78 (1983); optimal counterfeiting: Molina, Vidick and Watrous, "
        "arXiv:1202.4010"
    )

    length: int = 10
    cheater: Counterfeiter | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "length", int(check_count("length", self.length, 1)))
        self.set_cheater(KINDS)

    @cached_property
    def chain(self) -> Network:
        """The chain that the fields describe."""
        return set_network(self, "a chain", "hops", self.default_hops, _line)

    @property
    def forger(self) -> Counterfeiter | None:
        """The counterfeiter, as an object."""
        assert not isinstance(self.cheater, str)
        return self.cheater

    def program(self, rng: np.random.Generator) -> Program:
        """Return four circuits, one for each state of the bank."""
        bank, *_, holder = self.chain.path()
        notes = 1 if self.forger is None else 2
        verdict = (Announcement(bank, holder, notes, "verdict"),)
        items, valid, both = [], Expression(), Expression()
        for state, (_, value) in STATES.items():
            items.append(Item(state, self._circuit(state, notes), {"state": state}, announced=verdict))
            for k in range(notes):
                valid = valid + population(state, [(OUT, k)], [value]) / (notes * len(STATES))
            both = both + population(state, [(OUT, k) for k in range(notes)], [value * notes]) / len(STATES)
        right = [valid] if notes == 1 else [both, valid]
        figures = [
            Figure(name, each, ideal, ideal, null=self._null, physical=(0.0, 1.0))
            for (name, ideal), each in zip(self._expected(_PERFECT).items(), right, strict=True)
        ]
        return Program(items, figures, self.chain)

    @property
    def _null(self) -> float | None:
        """What copies reach, so that a p-value stands against honest notes being copies."""
        return theory.best_each() if self.forger is None else None

    def _circuit(self, state: str, notes: int) -> QuantumCircuit:
        """Return the circuit of a qubit that the bank sends, and of the notes that come back to it."""
        own = 1 if self.forger is None else self.forger.qubits
        circuit = QuantumCircuit(*crossing_registers(self.chain, (1 + notes, own), 1 + notes))
        bank, holder = circuit.qregs[0], circuit.qregs[-1]
        prepare(circuit, bank[0], state)
        cross(circuit, self.chain, bank[0], holder[0])
        if self.forger is not None:
            self.forger.forge(circuit, holder)
        out = ClassicalRegister(notes, OUT)
        circuit.add_register(out)
        for k in range(notes):
            cross(circuit, self.chain, holder[k], bank[1 + k], 1 + k)
            measure_pauli(circuit, bank[1 + k], STATES[state][0], out[k])
        return circuit

    def _expected(self, weights: Weights) -> dict[str, float]:
        """Return the figures of one qubit for Pauli errors on each of the ways."""
        if self.forger is None:
            return {"valid": theory.honest(convolve(weights, weights))}
        both, second, first, _ = theory.returned(self.forger.passes, weights)
        return {"both_pass": both, "valid": both + (second + first) / 2}

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the figures for the errors of the links, of a qubit and of a note."""
        if not noise.ideal:
            return {}
        found = self._expected(self.chain.weights)
        first = next(iter(found))
        return found | {f"note_{first}": found[first] ** self.length}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """The largest share of right qubits that two copies have, and how often both pass at most."""
        each = {"valid": {"cloning": theory.best_each()}}
        if self.forger is None:
            return each
        both = theory.best_both()
        return each | {"both_pass": {"optimal": both}, "note_both_pass": {"optimal": both**self.length}}

    def analyze(self, outcomes: Outcomes, analysis: Analysis) -> Analyzed:
        """Return how often a whole note passes, or both of them: its qubits are independent, so it is a power."""
        first = self.program(np.random.default_rng(0)).figures[0]
        return self.deduce({first.name: first.estimate(outcomes, analysis.level)}, analysis)

    def deduce(self, figures: Mapping[str, Estimate], analysis: Analysis) -> Analyzed:
        """Return the same from exact figures."""
        name = "valid" if self.forger is None else "both_pass"
        return Analyzed({f"note_{name}": _power(figures[name], self.length)})


def _line(hops: int, link: Link) -> Network:
    """Return a chain from a bank to a holder."""
    nodes = ("bank", *(f"station{k}" for k in range(1, hops)), "holder")
    return Network.from_edges([(a, b, link) for a, b in pairwise(nodes)])


def _power(each: Estimate, n: int) -> Estimate:
    """Return the n-th power of a probability; it grows with the probability, so the limits are powers too."""
    error = None if each.standard_error is None else n * each.value ** (n - 1) * each.standard_error
    method = each.method if n == 1 else f"{each.method}, to the power {n}"
    value, low, high = (end**n for end in (each.value, each.low, each.high))
    return replace(each, value=value, low=low, high=high, method=method, p_value=None, standard_error=error)
