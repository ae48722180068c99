"""Rounds of a chain as circuits that measure the pair of its ends, including the effect of the memories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Qubit

from qnet_circuits.programs.chains import entangle_links, entangled_ends, halves, measured_ends, swap_stations
from qnet_circuits.programs.channel import Channel, channel
from qnet_circuits.programs.instructions import correct
from qnet_circuits.programs.network import Network
from qnet_circuits.repeaters.times import Seconds, Times

#: Delays of a device are whole steps of so many seconds, which are whole steps of the clocks of processors.
_STEP = 1e-7


def mean_circuit(network: Network, bases: str, happens: Channel, emulated: bool) -> QuantumCircuit:
    """Return the circuit of a chain in which one channel on the far end's qubit represents all storage.

    Args:
        network: The chain.
        bases: The Pauli that each end measures.
        happens: The channel (``storage.storage_channel``).
        emulated: Whether its errors are sampled in software on every backend.
    """

    def join(circuit: QuantumCircuit, chain: Network, ends: tuple[Qubit, Qubit]) -> None:
        entangled_ends(circuit, chain, ends)
        channel(circuit, ends[1], happens, emulated=emulated)

    return measured_ends(network, bases, join)


def round_circuits(
    network: Network, bases: str, times: Times, ends: str = "measured", time_scale: float | None = None
) -> list[QuantumCircuit]:
    """Return a circuit for each round, in which every qubit is stored for as long as in that round.

    Args:
        network: The chain, whose nodes say how long their memories last.
        bases: The Pauli that each end measures.
        times: The rounds.
        ends: Treatment of the end qubits.
        time_scale: Device seconds for a network second, if the qubits of a device are the memories. A processor reads all
            qubits out at once, so each is turned to its basis when its time is over, and only then waits for its readout.
    """
    waits = times.waits_s(ends)
    begin = np.broadcast_to(
        (times.arrived_s - times.arrived_s.min(axis=1, keepdims=True))[:, :, None], waits.shape
    )
    done = begin + waits
    rests = done.max(axis=(1, 2), keepdims=True) - done
    by_qubit = (each.reshape(times.rounds, -1) for each in (begin, waits, rests))
    return [
        _Round(network, start, wait, rest, time_scale).circuit(bases)
        for start, wait, rest in zip(*by_qubit, strict=True)
    ]


@dataclass(frozen=True)
class _Round:
    """One round: for each qubit of each link when it is there, how long it is stored, and how long the round goes on then."""

    network: Network
    begin: Seconds
    waits: Seconds
    rests: Seconds
    time_scale: float | None

    def circuit(self, bases: str) -> QuantumCircuit:
        circuit = measured_ends(self.network, bases, self._join)
        if self.time_scale is None:
            return circuit
        changed = circuit.copy_empty_like()
        qubits = halves(circuit, self.network, (circuit.qubits[0], circuit.qubits[-1]))
        rest = dict(zip(qubits, self.rests, strict=True))
        for instruction in circuit.data:
            if instruction.name == "measure":
                self._delay(changed, instruction.qubits, [rest[instruction.qubits[0]]])
            changed.append(instruction)
        return changed

    def _join(self, circuit: QuantumCircuit, chain: Network, ends: tuple[Qubit, Qubit]) -> None:
        qubits = halves(circuit, chain, ends)
        self._delay(circuit, qubits, self.begin)
        entangle_links(circuit, chain, qubits)
        if self.time_scale is None:
            self._relax(circuit, qubits)
        self._delay(circuit, qubits, self.waits)
        x, z = swap_stations(circuit, chain)
        if x:
            correct(circuit, ends[1], x=x, z=z)

    def _relax(self, circuit: QuantumCircuit, qubits: Sequence[Qubit]) -> None:
        """Let each stored qubit relax by the memory of its node."""
        nodes = self.network.path()
        owners = [node for pair in pairwise(nodes) for node in pair]
        for qubit, owner, seconds in zip(qubits, owners, self.waits, strict=True):
            t1, t2 = self.network.node(owner).memory_times
            channel(circuit, qubit, Channel.memory(float(seconds), t1, t2))

    def _delay(
        self, circuit: QuantumCircuit, qubits: Sequence[Qubit], seconds: Sequence[float] | Seconds
    ) -> None:
        """Let qubits of a device wait, in whole steps."""
        for qubit, each in zip(qubits, seconds, strict=True):
            steps = round(float(each) * (self.time_scale or 0.0) / _STEP)
            if steps:
                circuit.delay(steps * 100, qubit, unit="ns")
