"""Aer: sampling on Qiskit's simulator, noiseless, with the links' noise, and with a device's."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qiskit import QuantumCircuit

from qnet_circuits.backends.base import Backend, Keep, Progress, Raw
from qnet_circuits.backends.simulation.components import PART, components
from qnet_circuits.backends.simulation.sampling import Plan, plan_of
from qnet_circuits.backends.simulation.twin import noisy_program
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import BackendError

#: Aer numbers the random streams of a run by seed + 2113 · circuit + shot; below this many shots they never meet.
CHUNK = 2048
#: Steps times amplitudes times shots of one call of Aer, which neither reports nor listens while it works.
_CALL = 4e8
#: Channels are fused already. Cores take a circuit each where there are several: threads that share one small matrix wait for
#: each other at every step, which costs up to six times the time as soon as the machine has other work.
_OPTIONS: dict[str, dict[str, Any]] = {
    "density_matrix": {"fusion_enable": False, "max_parallel_experiments": 0}
}
#: Seconds after which a run counts as long, and its finished parts are worth keeping.
_SHORT = 2.0
#: Number of each bit of a part in its circuit, None for a whole circuit; and a circuit's number with it.
_Bits = tuple[int, ...] | None
_Whose = tuple[int, _Bits]


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
        noise: Which of the device's noise is on.
    """

    simulates_links = True

    def __init__(
        self, name: str = "aer", device: Device | None = None, noise: DeviceNoise | None = None
    ) -> None:
        self.name, self.device = name, device
        self.noise = (noise or DeviceNoise()) if device is not None else None

    def with_noise(self, noise: DeviceNoise) -> AerBackend:
        """Return the same backend with another description of its device's noise."""
        self._needs_device()
        return AerBackend(self.name, self.device, noise)

    def notes(self, compiled: Compiled) -> tuple[str, ...]:
        """Return what a result from here must say."""
        return (*self._device_notes(), *self._planned(compiled)[-1])

    def check(self, compiled: Compiled) -> None:
        """Raise UnsupportedError if a circuit is too wide to simulate."""
        for plan in self._planned(compiled)[0]:
            plan.check()

    def _planned(self, compiled: Compiled) -> tuple[list[Plan], list[_Whose], tuple[str, ...]]:
        """Return how each part of a circuit is simulated, whose part it is, and what is to be said of the calibration."""
        device, noise = self.device, self.noise or DeviceNoise()

        def made() -> tuple[list[Plan], list[_Whose], tuple[str, ...]]:
            noisy = noisy_program(compiled, device, noise)
            parts = [(k, part) for k, circuit in enumerate(noisy.circuits) for part in components(circuit)]
            plans = [plan_of(part.circuit) for _, part in parts]
            return plans, [(k, part.bits) for k, part in parts], noisy.notes

        return compiled.once("plans of Aer", (device, noise), made)

    def submit(self, compiled: Compiled, shots: Sequence[int], seed: int, tag: str = "") -> _Ticket:
        """Keep the circuits; the work is done by ``fetch``."""
        return _Ticket(compiled, tuple(shots), seed)

    def fetch(self, ticket: _Ticket, progress: Progress | None = None, keep: Keep | None = None) -> list[Raw]:
        """Sample all circuits, in calls of Aer that share no random numbers."""
        rng = np.random.default_rng(np.random.SeedSequence(ticket.seed))
        planned, whose, _ = self._planned(ticket.compiled)
        shots = [ticket.shots[k] for k, _ in whose]
        plans = [plan.for_shots(count) for plan, count in zip(planned, shots, strict=True)]
        calls = _calls(plans, shots, rng)
        pieces: list[list[Raw]] = [[] for _ in plans]
        done, total, begin = 0, sum(shots), time.monotonic()
        for number, call in enumerate(calls):
            raws = keep.get(number) if keep is not None else None
            if raws is None or not call.made(raws):
                raws = call.sample()
                if keep is not None and time.monotonic() - begin > _SHORT:
                    keep.put(number, raws)
            for k, raw in zip(call.members, raws, strict=True):
                pieces[k].append(raw)
            done += call.shots * len(call.members)
            if progress is not None:
                # Told in shots of circuits, whatever the number of their parts.
                progress(done * sum(ticket.shots) // total, sum(ticket.shots))
        parts: list[list[tuple[_Bits, Raw]]] = [[] for _ in ticket.shots]
        for (k, bits), raws in zip(whose, pieces, strict=True):
            parts[k].append((bits, _joined(raws)))
        return [_whole(item.circuit, found) for item, found in zip(ticket.compiled, parts, strict=True)]


def _joined(raws: list[Raw]) -> Raw:
    return {name: np.concatenate([raw[name] for raw in raws]) for name in raws[0]}


def _whole(circuit: QuantumCircuit, parts: Sequence[tuple[_Bits, Raw]]) -> Raw:
    """Return a circuit's registers, from those of its parts."""
    if parts[0][0] is None:
        return parts[0][1]
    whole = np.zeros((len(parts[0][1][PART]), circuit.num_clbits), dtype=bool)
    for bits, raw in parts:
        whole[:, bits] = raw[PART]
    place = {bit: k for k, bit in enumerate(circuit.clbits)}
    return {register.name: whole[:, [place[bit] for bit in register]] for register in circuit.cregs}


@dataclass(frozen=True)
class _Call:
    """One call of Aer: circuits of one kind, with the same number of shots."""

    members: tuple[int, ...]
    circuits: tuple[QuantumCircuit, ...]
    method: str
    shots: int
    seed: int

    def made(self, raws: Sequence[Raw]) -> bool:
        """Tell whether outcomes that were kept have the form of this call's."""
        expected = [{reg.name: (self.shots, reg.size) for reg in circuit.cregs} for circuit in self.circuits]
        kinds = {bits.dtype for raw in raws for bits in raw.values()}
        found = [{name: bits.shape for name, bits in raw.items()} for raw in raws]
        return found == expected and kinds <= {np.dtype(bool)}

    def sample(self) -> list[Raw]:
        from qiskit_aer import AerSimulator

        simulator = AerSimulator(method=self.method, **_OPTIONS.get(self.method, {}))
        result = simulator.run(list(self.circuits), shots=self.shots, seed_simulator=self.seed).result()
        if not result.success:
            raise BackendError(f"Aer failed: {result.status}")
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(1,)))
        return [_registers(circuit, result.data(k)["counts"], rng) for k, circuit in enumerate(self.circuits)]


def _calls(plans: Sequence[Plan], shots: Sequence[int], rng: np.random.Generator) -> list[_Call]:
    """Return the calls that sample all circuits; each has a seed of its own, drawn beforehand."""
    circuits = [plan.circuit() for plan in plans]
    groups: dict[tuple[str, bool, int], list[int]] = {}
    for k, plan in enumerate(plans):
        groups.setdefault((plan.method, plan.at_once, shots[k]), []).append(k)
    calls = []
    for (method, at_once, count), members in groups.items():
        costs = {k: plans[k].cost for k in members}
        # One evolution draws all its shots from one stream; a simulation shot by shot has a stream for each shot.
        most = count if at_once else int(max(1, min(CHUNK, _CALL / max(costs.values()))))
        for done in range(0, count, most):
            chunk = min(most, count - done)
            for together in _batches(members, costs, 1 if at_once else chunk):
                seed = int(rng.integers(2**62))
                chosen = tuple(circuits[k] for k in together)
                calls.append(_Call(tuple(together), chosen, method, chunk, seed))
    return calls


def _batches(members: Sequence[int], costs: dict[int, float], shots: int) -> list[list[int]]:
    """Return the circuits in batches that Aer takes in one call."""
    batches: list[list[int]] = [[]]
    spent = 0.0
    for k in members:
        if batches[-1] and spent + costs[k] * shots > _CALL:
            batches.append([])
            spent = 0.0
        batches[-1].append(k)
        spent += costs[k] * shots
    return batches


def _registers(circuit: QuantumCircuit, counts: dict[str, int], rng: np.random.Generator) -> Raw:
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
