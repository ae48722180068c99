"""Aer: sampling on Qiskit's simulator, noiseless, with the links' noise, and with a device's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qiskit import QuantumCircuit

from qnet_circuits.backends.base import Backend, Raw
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.errors import BackendError, UnsupportedError
from qnet_circuits.noise.aer import noise_model, with_link_noise
from qnet_circuits.noise.device import Device

#: Aer numbers the random streams of a run by seed + 2113 · circuit + shot; below this many shots they never meet.
CHUNK = 2048
_DENSITY_MATRIX_QUBITS = 10
_STATEVECTOR_QUBITS = 12
_CLIFFORD = frozenset(
    ("id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "cx", "cy", "cz", "swap", "ecr", "measure", "reset",
     "barrier", "delay", "quantum_channel", "if_else")
)  # fmt: skip


@dataclass(frozen=True)
class _Ticket:
    compiled: Compiled
    shots: tuple[int, ...]
    seed: int


class AerBackend(Backend):
    """Sampling on Aer.

    Args:
        name: Name of the backend.
        device: A device whose couplings and calibration hold; none by default.
    """

    simulates_links = True

    def __init__(self, name: str = "aer", device: Device | None = None) -> None:
        self.name, self.device = name, device

    def notes(self) -> tuple[str, ...]:
        """Return what a result from here must say."""
        if self.device is None:
            return ()
        return (
            f"simulated on {self.device.name}'s calibration, with gate and readout errors; "
            "decoherence of waiting qubits and feed-forward latency are absent",
            *self.device.notes,
        )

    def check(self, compiled: Compiled) -> None:
        """Raise UnsupportedError if a circuit is too wide to simulate."""
        for item in compiled:
            if item.circuit.num_qubits > 63 and _method(item.circuit) != "stabilizer":
                raise UnsupportedError(
                    f"circuit {item.name!r} has {item.circuit.num_qubits} qubits and is no Clifford circuit; "
                    "Aer simulates at most 63 then: use fewer hops or parties"
                )

    def submit(self, compiled: Compiled, shots: Sequence[int], seed: int, tag: str = "") -> _Ticket:
        """Keep the circuits; the work is done by ``fetch``."""
        return _Ticket(compiled, tuple(shots), seed)

    def fetch(self, ticket: _Ticket) -> list[Raw]:
        """Sample all circuits, in chunks that share no random numbers."""
        rng = np.random.default_rng(np.random.SeedSequence(ticket.seed))
        groups: dict[tuple[Any, ...], list[int]] = {}
        circuits = [with_link_noise(item.circuit, item.lowered) for item in ticket.compiled]
        for k, (item, circuit) in enumerate(zip(ticket.compiled, circuits, strict=True)):
            key = (item.qubits, ticket.shots[k], _method(circuit), _static(circuit))
            groups.setdefault(key, []).append(k)
        raws: dict[int, Raw] = {}
        for (qubits, shots, method, static), members in groups.items():
            chosen = [circuits[k] for k in members]
            model = None if self.device is None else noise_model(self.device, chosen, qubits)
            raws.update(zip(members, _sample(chosen, model, shots, method, static, rng), strict=True))
        return [raws[k] for k in range(len(circuits))]


def _static(circuit: QuantumCircuit) -> bool:
    """Tell whether all measurements are final, so that one evolution serves all shots."""
    measured: set[Any] = set()
    for instruction in circuit.data:
        name = instruction.operation.name
        if name == "barrier":
            continue
        if name in ("reset", "if_else", "while_loop", "switch_case", "for_loop") or measured.intersection(
            instruction.qubits
        ):
            return False
        if name == "measure":
            measured.update(instruction.qubits)
    return True


def _method(circuit: QuantumCircuit) -> str:
    """Return the method that fits: never a density matrix shot by shot; chains have little entanglement to any cut."""
    if _static(circuit) and circuit.num_qubits <= _DENSITY_MATRIX_QUBITS:
        return "density_matrix"
    if _clifford(circuit):
        return "stabilizer"
    return "statevector" if circuit.num_qubits <= _STATEVECTOR_QUBITS else "matrix_product_state"


def _clifford(circuit: QuantumCircuit) -> bool:
    for instruction in circuit.data:
        operation = instruction.operation
        if operation.name in ("rz", "p", "u1"):
            turns = float(operation.params[0]) / (math.pi / 2)
            if abs(turns - round(turns)) > 1e-9:
                return False
        elif operation.name not in _CLIFFORD or not all(
            _clifford(block) for block in getattr(operation, "blocks", ())
        ):
            return False
    return True


def _sample(
    circuits: Sequence[QuantumCircuit], model: Any, shots: int, method: str, static: bool, rng: Any
) -> list[Raw]:
    """Sample circuits of one kind, in chunks with independent seeds."""
    from qiskit_aer import AerSimulator

    simulator = AerSimulator(method=method, noise_model=model)
    # One evolution draws all its shots from one stream; a shot-by-shot simulation has a stream for each shot.
    whole = static and method == "density_matrix"
    chunks = [shots] if whole else [min(CHUNK, shots - done) for done in range(0, shots, CHUNK)]
    pieces: list[list[Raw]] = []
    for chunk in chunks:
        seed = int(rng.integers(2**62))
        result = simulator.run(list(circuits), shots=chunk, seed_simulator=seed).result()
        if not result.success:
            raise BackendError(f"Aer failed: {result.status}")
        pieces.append(
            [_registers(circuit, result.data(k)["counts"], rng) for k, circuit in enumerate(circuits)]
        )
    return [
        {name: np.concatenate([piece[k][name] for piece in pieces]) for name in pieces[0][k]}
        for k in range(len(circuits))
    ]


def _registers(circuit: QuantumCircuit, counts: dict[str, int], rng: Any) -> Raw:
    """Return the registers of counts by hexadecimal outcome, in random order: shots have none."""
    width = circuit.num_clbits
    size = (width + 7) // 8
    packed = b"".join(int(outcome, 16).to_bytes(size, "little") for outcome in counts)
    distinct = np.frombuffer(packed, dtype=np.uint8).reshape(len(counts), size)
    bits = np.unpackbits(distinct, axis=1, bitorder="little")[:, :width].astype(bool)
    shots = np.repeat(bits, list(counts.values()), axis=0)
    shots = shots[rng.permutation(len(shots))]
    place = {bit: k for k, bit in enumerate(circuit.clbits)}
    return {reg.name: shots[:, [place[bit] for bit in reg]] for reg in circuit.cregs}
