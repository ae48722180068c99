"""Distillation between two nodes as circuits that fit a line of qubits.

Every raw pair is made between the two communication qubits, which are neighbours, and moved into memories behind them. All
gates act on neighbours, and every gate on Bob's side is the complex conjugate of Alice's: Φ+ stays Φ+, and an error of a pair
passes the circuit as it would pass one side's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.programs.blocks import bell_measurement, measure_pauli, move
from qnet_circuits.programs.chains import entangle_links
from qnet_circuits.programs.instructions import correct, entangle
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.theory.recurrences import pairs_of

#: Alice's and Bob's half of a pair.
Halves = tuple[Qubit, Qubit]
#: Appends a raw pair on two unused communication qubits.
Making = Callable[[Halves], None]
#: The two-qubit gates of a code's circuit: places of two pairs, and the Paulis that meet, CZ for ZZ, CX for ZX.
Gates = tuple[tuple[int, int, str], ...]

#: For each code of ``theory.distillation_codes.CODES``: the place of the pair that is kept, and the gates that make it one
#: pair, while the others' X are the stabilizers. Found by a search for the fewest gates between neighbours.
DECODERS: dict[str, tuple[int, Gates]] = {
    "2-to-1": (0, ((0, 1, "ZZ"),)),
    "3-to-1": (0, ((1, 2, "ZZ"), (0, 1, "ZZ"))),
    "4-to-1": (1, ((1, 2, "ZX"), (2, 3, "ZZ"), (0, 1, "ZX"), (1, 2, "ZZ"))),
    "5-to-1": (
        2,
        ((2, 3, "ZZ"), (1, 2, "ZX"), (2, 3, "ZX"), (3, 4, "ZZ"), (1, 2, "XX"), (2, 3, "ZZ"), (0, 1, "ZZ")),
    ),
}


@dataclass
class Distilling:
    """Two nodes at work on their pairs.

    Args:
        circuit: The circuit that is written.
        places: The two halves' qubits at each place, in the order of the line: memories, the last ones first, and then the
            communication qubits.
        make: Appends a raw pair on two unused communication qubits.
        bits: Where results go, two for each measured pair.
    """

    circuit: QuantumCircuit
    places: Sequence[Halves]
    make: Making
    bits: Iterator[Clbit]
    read: set[int] = field(default_factory=set)

    def pair(self, place: int) -> None:
        """Append a raw pair at a place; the places between it and the communication qubits hold nothing."""
        last = len(self.places) - 1
        for each in self.read.intersection(range(place, last + 1)):
            self.circuit.reset(self.places[each])
        self.read.difference_update(range(place, last + 1))
        self.make(self.places[last])
        for each in range(last, place, -1):
            for source, target in zip(self.places[each], self.places[each - 1], strict=True):
                move(self.circuit, source, target)

    def gate(self, control: int, target: int, paulis: str = "ZX") -> None:
        """Append a CNOT on either side, or what it is with other Paulis in the place of Z and X."""
        for a, b in zip(self.places[control], self.places[target], strict=True):
            if paulis[0] == "X":
                self.circuit.h(a)
            (self.circuit.cx if paulis[1] == "X" else self.circuit.cz)(a, b)
            if paulis[0] == "X":
                self.circuit.h(a)

    def check(self, place: int, pauli: str) -> None:
        """Append the measurement of both halves of a pair, whose results are compared."""
        for half in self.places[place]:
            measure_pauli(self.circuit, half, pauli, next(self.bits))
        self.read.add(place)


def check_bits(work: Distilling, place: int) -> None:
    """Append a round of BBPSSW: the pair at the next place checks this one for bit errors."""
    work.gate(place, place + 1)
    work.check(place + 1, "Z")


def check_turned(work: Distilling, place: int) -> None:
    """Append a round of DEJMPS: quarter turns about X, Alice's forward and Bob's back, and then a check for bit errors."""
    for each in (place, place + 1):
        alice, bob = work.places[each]
        work.circuit.sx(alice)
        work.circuit.sxdg(bob)
    check_bits(work, place)


def check_twice(work: Distilling, place: int) -> None:
    """Append a round of double selection: the next pair checks this one, and the one after that checks the next."""
    for each in range(place, place + 3):
        work.circuit.h(work.places[each])
    work.gate(place, place + 1)
    work.gate(place + 2, place + 1)
    work.check(place + 1, "Z")
    work.check(place + 2, "X")


def nested(
    work: Distilling, check: Callable[[Distilling, int], None], pairs: int, rounds: int, place: int = 0
) -> None:
    """Append a recurrence: each round joins pairs that have passed the rounds before. It keeps the pair at ``place``."""
    if rounds == 0:
        work.pair(place)
        return
    for k in range(pairs):
        nested(work, check, pairs, rounds - 1, place + k)
    check(work, place)


def pumped(work: Distilling, steps: int) -> None:
    """Append entanglement pumping: fresh pairs check the one at place 0, one after another."""
    work.pair(0)
    for _ in range(steps):
        work.pair(1)
        check_turned(work, 0)


def decoded(work: Distilling, kept: int, gates: Gates) -> None:
    """Append the measurement of a code's stabilizers on all pairs but the one that is kept."""
    for place in range(len(work.places)):
        work.pair(place)
    for gate in gates:
        work.gate(*gate)
    for place in range(len(work.places)):
        if place != kept:
            work.check(place, "X")


#: More rounds than any circuit has, few enough to be counted.
_MOST_ROUNDS = 100


@dataclass(frozen=True)
class Scheme:
    """How several pairs become one.

    Args:
        raw: How many raw pairs it takes; all but one are measured.
        places: How many qubits it needs on either side.
        kept: The place of the pair that it keeps.
        write: Appends it.
    """

    raw: int
    places: int
    kept: int
    write: Callable[[Distilling], None]


def scheme_of(name: str, rounds: int) -> Scheme:
    """Return a scheme with a number of rounds, or of steps of pumping.

    Args:
        name: One of ``theory.recurrences.SCHEMES``.
        rounds: 1 to 100; 1 for BBPSSW, whose later rounds need random twirls, and for codes.

    Raises:
        UnknownNameError: If there is no such scheme.
        ParameterError: If the scheme has not so many rounds.

    Example:
        >>> scheme_of("dejmps", 2).raw, scheme_of("dejmps", 2).places, scheme_of("5-to-1", 1).kept
        (4, 3, 2)
    """
    pairs, rounds = pairs_of(name), check_count("rounds", rounds, 1, _MOST_ROUNDS)
    if name == "pumping":
        return Scheme(rounds + 1, 2, 0, lambda work: pumped(work, rounds))
    if rounds > 1 and name not in ("dejmps", "double-selection"):
        raise ParameterError(
            f"{name} has one round, got {rounds}; dejmps, double-selection and pumping may have more"
        )
    if name in DECODERS:
        kept, gates = DECODERS[name]
        return Scheme(pairs, pairs, kept, lambda work: decoded(work, kept, gates))
    check = {"bbpssw": check_bits, "dejmps": check_turned, "double-selection": check_twice}[name]
    return Scheme(pairs**rounds, rounds * (pairs - 1) + 1, 0, lambda work: nested(work, check, pairs, rounds))


def distilled_ends(network: Network, scheme: Scheme, pauli: str, swaps_first: bool = False) -> QuantumCircuit:
    """Return the circuit that distils pairs along a chain and measures both halves of the pair that is kept.

    Results of the checks go into the register ``checks``, Alice's and Bob's in turn, those of Bell measurements into ``swap``,
    and those of the pair into ``out``.

    Args:
        network: The chain.
        scheme: How pairs are distilled.
        pauli: What is measured on both halves of the pair.
        swaps_first: Whether the ends distil swapped pairs, rather than neighbours the pairs of their link.
    """
    path = network.path()
    hops = len(path) - 1
    sizes = [2 if swaps_first else 2 * scheme.places] * (hops - 1)
    registers = [QuantumRegister(size, node) for size, node in zip(
        [scheme.places, *sizes, scheme.places], path, strict=True)]  # fmt: skip
    out = ClassicalRegister(2, "out")
    checks = ClassicalRegister(2 * (scheme.raw - 1) * (1 if swaps_first else hops), "checks")
    swap = ClassicalRegister(2 * (hops - 1) * (scheme.raw if swaps_first else 1), "swap")
    circuit = QuantumCircuit(*registers, out, checks, *([swap] if hops > 1 else []))
    chain = _Chain(circuit, network, scheme, registers, iter(checks), iter(swap))
    halves = chain.swapped_first() if swaps_first else chain.distilled_first()
    for half, bit in zip(halves, out, strict=True):
        measure_pauli(circuit, half, pauli, bit)
    return circuit


@dataclass
class _Chain:
    """A chain at work; each node's register holds the qubits in the order of the line."""

    circuit: QuantumCircuit
    network: Network
    scheme: Scheme
    registers: Sequence[QuantumRegister]
    checks: Iterator[Clbit]
    swaps: Iterator[Clbit]
    swapped: bool = False

    def distilled_first(self) -> Halves:
        """Append distillation on every link, and the swaps of what is kept."""
        kept = []
        for near, far in pairwise(self.registers):
            link = self.network.link(near.name, far.name)
            kept.append(self._distilled(near, far, partial(self._pair, link)))
        return self._joined(kept)

    def swapped_first(self) -> Halves:
        """Append pairs that are swapped along the chain, and their distillation at its ends."""
        return self._distilled(self.registers[0], self.registers[-1], self._raw)

    def _distilled(self, near: QuantumRegister, far: QuantumRegister, make: Making) -> Halves:
        """Append distillation between the last qubits of one node and the first of another."""
        size = self.scheme.places
        places = list(zip(near[-size:], far[:size][::-1], strict=True))
        self.scheme.write(Distilling(self.circuit, places, make, self.checks))
        return places[self.scheme.kept]

    def _raw(self, halves: Halves) -> None:
        """Append a raw pair between the ends: one on every link, swapped at the stations, whose qubits are used again."""
        stations = [qubit for register in self.registers[1:-1] for qubit in register]
        if self.swapped and stations:
            self.circuit.reset(stations)
        self.swapped = True
        ends = [halves[0], *stations, halves[1]]
        entangle_links(self.circuit, self.network, ends)
        self._joined(list(zip(ends[::2], ends[1::2], strict=True)))

    def _pair(self, link: Link, halves: Halves) -> None:
        entangle(self.circuit, *halves, link)

    def _joined(self, pairs: Sequence[Halves]) -> Halves:
        """Append the swaps of pairs along the chain, with the correction at its end, and return the ends."""
        x, z = [], []
        for (_, left), (right, _) in pairwise(pairs):
            z.append(next(self.swaps))
            x.append(next(self.swaps))
            bell_measurement(self.circuit, left, right, z[-1], x[-1])
        if x:
            correct(self.circuit, pairs[-1][1], x=x, z=z)
        return pairs[0][0], pairs[-1][1]
