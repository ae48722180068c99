"""The circuit of each round: a qubit that Alice sends, a pair that both measure, or two qubits that meet at a station."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.programs.blocks import bell_measurement, eigenstates, measure_pauli, prepare
from qnet_circuits.programs.chains import chain_registers, entangled_ends
from qnet_circuits.programs.instructions import transmit
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.sending import cross
from qnet_circuits.qkd.settings import Setting
from qnet_circuits.qkd.stations import LyingStation
from qnet_circuits.qkd.tapping import EVE, HEARD, Eavesdropper

#: Register of what the parties measured.
OUT = "out"


def sent_circuit(network: Network, setting: Setting, eve: Eavesdropper | None) -> QuantumCircuit:
    """Return the circuit of a qubit that is prepared at one end of a chain, travels along it and is measured at the other end.

    Args:
        network: The chain, with the eavesdropper's node.
        setting: The choices.
        eve: The eavesdropper.

    Example:
        >>> circuit = sent_circuit(Network.two_nodes(), Setting("x1_z", 0.125, "x", "z", sent=1), None)
        >>> [instruction.operation.name for instruction in circuit.data]
        ['x', 'h', 'transmit', 'measure']
    """
    path = network.path()
    if setting.part != "whole":
        at = path.index(EVE)
        path = path[: at + 1] if setting.part == "to_eve" else path[at:]
    registers = [_register(node, eve) for node in path]
    out = ClassicalRegister(1, OUT)
    circuit = QuantumCircuit(*registers, out)
    _prepare(circuit, registers[0][0], setting.alice, setting.sent)
    _travel(circuit, network, registers, setting, eve)
    measure_basis(circuit, registers[-1][0], setting.bob, out[0])
    _ask(circuit, setting, eve)
    return circuit


def split_circuit(network: Network, setting: Setting) -> QuantumCircuit:
    """Return the circuit of two photons of one pulse: Eve keeps the second one, and measures it in the basis that Alice names.

    Args:
        network: The chain, with the eavesdropper's node.
        setting: The choices.
    """
    path = network.path()
    registers = [QuantumRegister(2 if node in path[:2] else 1, node) for node in path]
    out, heard = ClassicalRegister(1, OUT), ClassicalRegister(1, HEARD)
    circuit = QuantumCircuit(*registers, out, heard)
    alice, eve, *_ = registers
    for photon in alice:
        _prepare(circuit, photon, setting.alice, setting.sent)
    transmit(circuit, alice[1], eve[1], network.link(alice.name, eve.name))
    _travel(circuit, network, registers, setting, None)
    measure_basis(circuit, registers[-1][0], setting.bob, out[0])
    measure_basis(circuit, eve[1], setting.alice, heard[0])
    return circuit


def joined_circuit(
    network: Network, station: str, setting: Setting, eve: Eavesdropper | None
) -> QuantumCircuit:
    """Return the circuit of two qubits that both ends of a chain send to a station, which measures them in the Bell basis.

    Args:
        network: The chain, with the eavesdropper's node if she sits on a link.
        station: Name of the station's node.
        setting: The choices.
        eve: The eavesdropper: on a link of Alice's, or the station itself.

    Example:
        >>> sent = Setting("z1_z0", 0.125, "z", "z", sent=1, bob_sent=0)
        >>> circuit = joined_circuit(Network.chain(2), "station1", sent, None)
        >>> [instruction.operation.name for instruction in circuit.data]
        ['x', 'transmit', 'transmit', 'cx', 'h', 'measure', 'measure']
    """
    path = network.path()
    at = path.index(station)
    registers = [QuantumRegister(2, node) if node == station else _register(node, eve) for node in path]
    out = ClassicalRegister(2, OUT)
    circuit = QuantumCircuit(*registers, out)
    _prepare(circuit, registers[0][0], setting.alice, setting.sent)
    _prepare(circuit, registers[-1][0], setting.bob, setting.bob_sent)
    _travel(circuit, network, registers[: at + 1], setting, eve)
    cross(circuit, network.route(station, path[-1]), registers[-1][0], registers[at][1])
    if isinstance(eve, LyingStation) and setting.eve == eve.kind:
        eve.join(circuit, registers[at], out)
    else:
        bell_measurement(circuit, *registers[at], *out)
    _ask(circuit, setting, eve)
    return circuit


def shared_circuit(network: Network, setting: Setting, eve: Eavesdropper | None) -> QuantumCircuit:
    """Return the circuit of a pair between a chain's ends; each party measures one half.

    The eavesdropper stands at Bob's door: she is the end of the chain, receives the stations' results in Bob's place, and sends
    the half on to him.

    Args:
        network: The chain, with the eavesdropper's node.
        setting: The choices.
        eve: The eavesdropper.

    Example:
        >>> circuit = shared_circuit(Network.two_nodes(), Setting("x_x", 0.25, "x", "x"), None)
        >>> [instruction.operation.name for instruction in circuit.data]
        ['entangle', 'h', 'measure', 'h', 'measure']
    """
    path = network.path()
    pairs = network if eve is None else network.route(path[0], path[-2])
    registers = chain_registers(pairs, last=1 if eve is None else eve.qubits)
    out = ClassicalRegister(2, OUT)
    circuit = QuantumCircuit(*registers, out)
    far = registers[-1]
    entangled_ends(circuit, pairs, (registers[0][0], far[0]))
    if eve is not None:
        eve.meet(circuit, far, setting.eve)
        bob = QuantumRegister(1, path[-1])
        circuit.add_register(bob)
        transmit(circuit, far[0], bob[0], network.link(far.name, bob.name))
        far = bob
    measure_basis(circuit, registers[0][0], setting.alice, out[0], setting.flip)
    measure_basis(circuit, far[0], setting.bob, out[1])
    _ask(circuit, setting, eve)
    return circuit


def measure_basis(circuit: QuantumCircuit, qubit: Qubit, basis: str, bit: Clbit, flip: int = 0) -> None:
    """Append the measurement of Z, X, Y, (Z + X)/√2 (``plus``) or (Z - X)/√2 (``minus``); with ``flip``, of its negative."""
    if basis in ("plus", "minus"):
        circuit.ry(-math.pi / 4 if basis == "plus" else math.pi / 4, qubit)
        basis = "z"
    if flip:
        (circuit.z if basis == "x" else circuit.x)(qubit)
    measure_pauli(circuit, qubit, basis.upper(), bit)


def _prepare(circuit: QuantumCircuit, qubit: Qubit, basis: str, bit: int | None) -> None:
    """Append the preparation of a bit that is sent."""
    assert bit is not None
    (state,) = eigenstates(basis.upper(), [bit])
    prepare(circuit, qubit, state)


def _travel(
    circuit: QuantumCircuit,
    network: Network,
    registers: Sequence[QuantumRegister],
    setting: Setting,
    eve: Eavesdropper | None,
) -> None:
    """Append the way of a qubit along nodes, past the eavesdropper."""
    for near, far in pairwise(registers):
        transmit(circuit, near[0], far[0], network.link(near.name, far.name))
        if far.name == EVE and eve is not None and setting.part == "whole":
            eve.meet(circuit, far, setting.eve)


def _ask(circuit: QuantumCircuit, setting: Setting, eve: Eavesdropper | None) -> None:
    """Let the eavesdropper measure the qubit that she kept, if Alice's announced basis helps her."""
    if eve is None or isinstance(eve, LyingStation) or setting.heard is None or setting.heard[0] != HEARD:
        return
    (register,) = (register for register in circuit.qregs if register.name == EVE)
    eve.ask(circuit, register, setting.eve, setting.alice if setting.alice in "zxy" else "z")


def _register(node: str, eve: Eavesdropper | None) -> QuantumRegister:
    return QuantumRegister(eve.qubits if node == EVE and eve is not None else 1, node)
