"""Encoded links as circuits: blocks of raw pairs whose checks are measured, swapped qubit by qubit, and decoded at the ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.programs.blocks import bell_measurement, measure_pauli
from qnet_circuits.programs.conditions import Bit
from qnet_circuits.programs.instructions import correct, entangle
from qnet_circuits.programs.network import Network
from qnet_circuits.theory.encoded import CODES, BlockCode

#: For each code: the CNOTs that take a block apart, the qubit that holds what was encoded then, those that hold the checks of
#: Z, and those that hold the checks of X.
DECODERS = {
    "repetition-3": (((1, 2), (0, 1)), 0, (1, 2), ()),
    "422": (((0, 1), (2, 3), (1, 3), (0, 2)), 2, (3,), (0,)),
}


@dataclass(frozen=True)
class Encoding:
    """Where results go in a chain of encoded links, and which of them have an even parity where no error happened.

    The ends' own results tell what the near checks of the first link and the far checks of the last one would.

    Args:
        name: One of ``theory.encoded.CODES``.
        hops: Number of links.

    Example:
        >>> Encoding("422", 1).all_checks
        [[('ends', 0), ('ends', 2)], [('ends', 3), ('ends', 1)]]
    """

    name: str
    hops: int

    @property
    def code(self) -> BlockCode:
        """The code."""
        return CODES[self.name]

    @property
    def registers(self) -> dict[str, int]:
        """The sizes of the classical registers: of the pair, the ends' checks, the stations' checks and the swaps."""
        checks, stations = self._each, self.hops - 1
        sizes = {
            "out": 2,
            "ends": 2 * checks,
            "code": checks * stations,
            "swap": 2 * self.code.size * stations,
        }
        return {name: size for name, size in sizes.items() if size}

    @property
    def all_checks(self) -> list[list[Bit]]:
        """All bits of each parity."""
        phase = [self._compared("x", node) for node in range(self.hops)]
        return [check for place in (*self.bit_checks, *phase) for check in place]

    @property
    def bit_checks(self) -> list[list[list[Bit]]]:
        """The bits of each parity that sees bit errors, for each node behind a link."""
        return [self._compared("z", node) for node in range(1, self.hops + 1)]

    def measured(self, kind: str, link: int) -> list[Bit]:
        """Return the bits of the checks that are measured on a link: ``z`` on its near block, or ``x`` on its far one.

        Example:
            >>> Encoding("422", 2).measured("z", 1), Encoding("422", 2).measured("x", 1)
            ([('code', 0)], [('ends', 3)])
        """
        checks = self.code.z_checks if kind == "z" else self.code.x_checks
        return [self._check(kind, link, j) for j in range(len(checks))]

    @property
    def _each(self) -> int:
        return len(self.code.z_checks) + len(self.code.x_checks)

    def _compared(self, kind: str, node: int) -> list[list[Bit]]:
        """Return the bits that are compared at a node: its own results, and the checks of the links beside it."""
        code, links = self.code, [link for link in (node - 1, node) if 0 <= link < self.hops]
        found = []
        for j, support in enumerate(code.z_checks if kind == "z" else code.x_checks):
            known = [self._check(kind, link, j) for link in links]
            start = 2 * code.size * (node - 1) + (kind == "z")
            own = (
                [("swap", start + 2 * i) for i in support] if len(links) == 2 else [self._end(kind, node, j)]
            )
            found.append([*known, *own])
        return found

    def _check(self, kind: str, link: int, j: int) -> Bit:
        """Return the bit of a check of Z on the near block of a link, or of X on the far one."""
        node = link if kind == "z" else link + 1
        if node in (0, self.hops):
            return self._end(kind, node, j)
        return "code", self._each * (node - 1) + self._place(kind, j)

    def _end(self, kind: str, node: int, j: int) -> Bit:
        return "ends", self._each * (node > 0) + self._place(kind, j)

    def _place(self, kind: str, j: int) -> int:
        return j + (0 if kind == "z" else len(self.code.z_checks))


def encoded_ends(network: Network, code_name: str, pauli: str) -> QuantumCircuit:
    """Return the circuit that makes an encoded pair over a chain, decodes it at the ends and measures both halves.

    Results of the pair go into the register ``out``, those of the ends' checks into ``ends``, of the stations' checks into
    ``code`` and of the swaps into ``swap``.

    Args:
        network: The chain.
        code_name: One of ``theory.encoded.CODES``.
        pauli: What is measured on both halves of the pair.
    """
    path = network.path()
    blocks = Encoding(code_name, len(path) - 1)
    code, size = blocks.code, blocks.code.size
    near, far = size + len(code.z_checks), size + len(code.x_checks)
    sizes = [size, *[far + near] * (blocks.hops - 1), size]
    registers = [QuantumRegister(qubits, node) for qubits, node in zip(sizes, path, strict=True)]
    bits = {name: ClassicalRegister(count, name) for name, count in blocks.registers.items()}
    circuit = QuantumCircuit(*registers, *bits.values())
    right = [registers[0], *(register[far:] for register in registers[1:-1])]
    left = [*(register[:far] for register in registers[1:-1]), registers[-1]]
    for a, b, (here, there) in zip(right, left, pairwise(path), strict=True):
        for one, other in zip(a[:size], b[:size], strict=True):
            entangle(circuit, one, other, network.link(here, there))
    x: list[Clbit] = []
    z: list[Clbit] = []
    for k, (before, after) in enumerate(zip(left[:-1], right[1:], strict=True)):
        checks = len(bits["code"]) // (blocks.hops - 1)
        _measure_checks(circuit, code, after, before, bits["code"][checks * k : checks * (k + 1)])
        results = bits["swap"][2 * size * k : 2 * size * (k + 1)]
        for i in range(size):
            bell_measurement(circuit, before[i], after[i], results[2 * i], results[2 * i + 1])
        z += [results[2 * i] for i in code.x]
        x += [results[2 * i + 1] for i in code.z]
    ends = iter(bits["ends"])
    halves = [_decode(circuit, code_name, block, ends) for block in (right[0], left[-1])]
    if x:
        correct(circuit, halves[1], x=x, z=z)
    for half, bit in zip(halves, bits["out"], strict=True):
        measure_pauli(circuit, half, pauli, bit)
    return circuit


def _measure_checks(
    circuit: QuantumCircuit,
    code: BlockCode,
    near: Sequence[Qubit],
    far: Sequence[Qubit],
    bits: Sequence[Clbit],
) -> None:
    """Append a station's checks of Z on the block of its next link and of X on that of its last, by qubits behind them."""
    results = iter(bits)
    for helper, check in zip(near[code.size :], code.z_checks, strict=True):
        for i in check:
            circuit.cx(near[i], helper)
        circuit.measure(helper, next(results))
    for helper, check in zip(far[code.size :], code.x_checks, strict=True):
        circuit.h(helper)
        for i in check:
            circuit.cx(helper, far[i])
        circuit.h(helper)
        circuit.measure(helper, next(results))


def _decode(circuit: QuantumCircuit, code: str, block: Sequence[Qubit], bits: Iterator[Clbit]) -> Qubit:
    """Append what takes a block apart and measures its checks, and return the qubit that was encoded."""
    gates, kept, z_places, x_places = DECODERS[code]
    for control, target in gates:
        circuit.cx(block[control], block[target])
    for pauli, places in (("Z", z_places), ("X", x_places)):
        for place in places:
            measure_pauli(circuit, block[place], pauli, next(bits))
    return block[kept]
