"""GHZ states, from the centre of a star or fused along a chain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Qubit

from qnet_circuits.errors import ParameterError, check_count, check_name
from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.chains import chain_registers, entangle_links
from qnet_circuits.programs.expressions import Expression, parity, population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.instructions import correct
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.protocol import Protocol, set_network
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.sharing import sent_to_parties
from qnet_circuits.theory import bounds, ghz
from qnet_circuits.theory.noise_parameters import NoiseParameters

METHODS = ("xy-strings", "parity-scan")
TOPOLOGIES = ("star", "chain")
#: Above this many strings, this many are drawn at random.
MOST_STRINGS = 64
Prepared = tuple[QuantumCircuit, list[Qubit]]
#: Name, sign of the correlator, and for each party a Pauli or the angle of an axis in the X-Y plane.
Setting = tuple[str, int, Sequence[str | float]]


@register
@dataclass(frozen=True)
class Ghz(Protocol):
    """Several parties share one entangled state, (|0…0⟩ + |1…1⟩)/√2.

    In a star, the centre, itself no party, prepares the state and teleports one qubit to each party. Along a chain, the Bell
    pairs of neighbours are fused: each inner party joins its two halves by a CNOT and measures one. Each party then applies X
    if the parity of all earlier results is odd. F = (P + C)/2 with the populations P = P(0…0) + P(1…1) and the coherence C, the
    mean of (-1)^(k/2) times the correlators of the strings of X and Y with an even number k of Y, all of them, or 64 drawn at
    random; or, by ``parity-scan``, of (-1)^k times those of cos(kπ/n) X + sin(kπ/n) Y on all parties. F above 1/2 proves
    genuine entanglement of all parties. Without messages a star's parties hold noise, F = 2^-n, and a chain's a GHZ state with
    inner parties flipped at random, F = 2^(2 - n). Parties who do not trust the source test it by ``ghz-verification``.

    On hardware: 3n qubits and 3n - 1 two-qubit gates for a star of n parties; 2n - 2 and 2n - 3 for a chain.

    Args:
        parties: Number of parties, at least 2. Default 3.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A star around its first node, or a chain, with links of its own, instead of ``parties`` and ``link_fidelity``.
        topology: ``star`` or ``chain``.
        method: ``xy-strings``, the default, runs with Pauli frames. ``parity-scan``, the textbook way, measures all of its
            settings and needs real-time corrections, since X mirrors an axis between X and Y at X, which no change of outcomes
            can undo. On a device, waiting for these corrections costs more fidelity than the random choice of strings costs
            certainty (docs/intervals.md), so the scan is for machines that do not wait.

    Raises:
        ParameterError: If a value is out of range, ``network`` is given together with ``parties`` or ``link_fidelity``, or the
            network has another topology.

    Example:
        >>> [figure.name for figure in Ghz().program(np.random.default_rng(0)).figures]
        ['fidelity', 'populations', 'coherence']
    """

    name: ClassVar[str] = "ghz"
    stage: ClassVar[str] = "entanglement distribution"
    parties: int | None = None
    link_fidelity: float | None = None
    network: Network | None = None
    topology: str = "star"
    method: str = "xy-strings"

    def __post_init__(self) -> None:
        check_name("topology", self.topology, TOPOLOGIES)
        check_name("method", self.method, METHODS)
        if self.parties is not None:
            check_count("parties", self.parties, 2)
        network = self._network()
        if self.topology == "chain":
            network.path()
        elif len(network.neighbours(network.nodes[0])) != network.hops or network.hops < 2:
            raise ParameterError(
                f"a star around {network.nodes[0]} of at least 2 parties is needed, got {network.links}"
            )

    def _network(self) -> Network:
        make = Network.star if self.topology == "star" else _chain_of
        return set_network(self, f"a {self.topology}", "parties", 3, make)

    def program(self, rng: np.random.Generator) -> Program:
        """Return the circuit of the populations, and those of the coherence."""
        network = self._network()
        prepare = _star if self.topology == "star" else _fused
        parties = network.hops if self.topology == "star" else network.hops + 1
        items = [Item("populations", _measured(prepare(network), "Z" * parties))]
        bits = [("out", k) for k in range(parties)]
        populations = population("populations", bits, ["0" * parties, "1" * parties])
        make = _strings if self.method == "xy-strings" else _scan
        settings, drawn_from = make(parties, rng)
        coherence = Expression()
        for name, sign, axes in settings:
            items.append(Item(name, _measured(prepare(network), axes), {"setting": name}))
            coherence = coherence + sign * parity(name, bits) / len(settings)
        p, c = self._without_messages(parties)
        figures = [
            Figure(
                "fidelity",
                (populations + coherence) / 2,
                1.0,
                (p + c) / 2,
                drawn_from=drawn_from,
                physical=(0.0, 1.0),
            ),
            Figure("populations", populations, 1.0, p, physical=(0.0, 1.0)),
            Figure("coherence", coherence, 1.0, c, drawn_from=drawn_from, physical=(-1.0, 1.0)),
        ]
        return Program(items, figures, network)

    def _without_messages(self, parties: int) -> tuple[float, float]:
        """Return populations and coherence if no party is corrected."""
        if self.topology == "star":
            return 2.0 ** (1 - parties), 0.0
        return 2.0 ** (2 - parties), 2.0 ** (2 - parties)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the fidelity for the links' errors."""
        if not noise.ideal:
            return {}
        weights = [link.weights for _, _, link in self._network().links]
        return {
            "fidelity": ghz.star_fidelity(weights)
            if self.topology == "star"
            else ghz.fusion_fidelity(weights)
        }

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """A fidelity above 1/2 proves genuine multipartite entanglement."""
        return {"fidelity": {"entangled": bounds.GHZ_ENTANGLED}}


def _chain_of(parties: int, link: Link) -> Network:
    return Network.chain(check_count("parties", parties, 2) - 1, link)


def _star(network: Network) -> Prepared:
    """Return the circuit in which the centre prepares the state and teleports it, and the parties' qubits."""
    return sent_to_parties(network, network.neighbours(network.nodes[0]), ghz_state)


def ghz_state(circuit: QuantumCircuit, qubits: Sequence[Qubit]) -> None:
    """Append the preparation of (|0…0⟩ + |1…1⟩)/√2 on qubits of one node."""
    circuit.h(qubits[0])
    for one, other in pairwise(qubits):
        circuit.cx(one, other)


def _fused(network: Network) -> Prepared:
    """Return the circuit in which a chain's Bell pairs are fused, and the parties' qubits."""
    registers = chain_registers(network)
    inner = registers[1:-1]
    qubits = [qubit for own in registers for qubit in own]
    circuit = QuantumCircuit(*registers)
    bits = ClassicalRegister(len(inner), "fusion")
    if inner:
        circuit.add_register(bits)
    entangle_links(circuit, network, qubits)
    for k, register_ in enumerate(inner):
        circuit.cx(register_[0], register_[1])
        circuit.measure(register_[1], bits[k])
    first, second, *later = [qubits[0], *qubits[1::2]]
    for k, qubit in enumerate(later, 1):
        correct(circuit, qubit, x=bits[:k])
    return circuit, [first, second, *later]


def _measured(prepared: Prepared, axes: Sequence[str | float]) -> QuantumCircuit:
    circuit, qubits = prepared
    out = ClassicalRegister(len(qubits), "out")
    circuit.add_register(out)
    for qubit, bit, axis in zip(qubits, out, axes, strict=True):
        if isinstance(axis, float):
            circuit.rz(-axis, qubit)
        measure_pauli(circuit, qubit, "X" if isinstance(axis, float) else axis, bit)
    return circuit


def _strings(parties: int, rng: np.random.Generator) -> tuple[list[Setting], int]:
    """Return the strings of X and Y with an even number of Y, or a random choice of them and how many there are."""
    many = 2 ** (parties - 1)
    if many <= MOST_STRINGS:
        return [_string(heads) for heads in product("XY", repeat=parties - 1)], 0
    drawn: dict[tuple[str, ...], None] = {}
    while len(drawn) < MOST_STRINGS:
        drawn[tuple("XY"[bit] for bit in rng.integers(0, 2, parties - 1))] = None
    return [_string(heads) for heads in drawn], many


def _string(heads: tuple[str, ...]) -> Setting:
    string = "".join(heads) + "XY"[heads.count("Y") % 2]
    return string.lower(), (-1) ** (string.count("Y") // 2), string


def _scan(parties: int, rng: np.random.Generator) -> tuple[list[Setting], int]:
    """Return the equally spaced axes in the X-Y plane of the textbook's parity scan."""
    return [(f"scan_{k}", (-1) ** k, [k * math.pi / parties] * parties) for k in range(parties)], 0
