"""Aer: sampling on Qiskit's simulator, noiseless, with the links' noise, and with a device's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qiskit import QuantumCircuit

from qnet_circuits.backends.base import Backend, DeviceSimulator, Keep, Progress, Raw, Work
from qnet_circuits.backends.simulation.aer_circuits import measured_by
from qnet_circuits.backends.simulation.aer_methods import PART, Plan, components, plan_of
from qnet_circuits.backends.simulation.fusing import thinned
from qnet_circuits.backends.simulation.sampling import Call, sampled
from qnet_circuits.backends.simulation.twin import noisy_program
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import BackendError

#: Channels are fused already. Cores take a circuit each where there are several: threads that share one small matrix wait for
#: each other at every step, which costs up to six times the time as soon as the machine has other work.
_OPTIONS: dict[str, dict[str, Any]] = {
    "density_matrix": {"fusion_enable": False, "max_parallel_experiments": 0}
}
#: Evolutions of less work than this stay on one core: some 8 ms, of which a second core saves less
#: than the 3 ms that it takes to begin there.
_LITTLE = 2.5e6
#: Outcomes of less probability than this do not come: rounding gives as much to impossible ones.
_ROUNDING = 1e-12
#: Number of each bit of a part in its circuit, None for a whole circuit; and a circuit's number with it.
_Bits = tuple[int, ...] | None
_Whose = tuple[int, _Bits]


class AerBackend(DeviceSimulator, Backend):
    """Sampling on Aer.

    Args:
        name: Name of the backend.
        device: The simulated device. Default: none.
        noise: The description of the device's noise.
    """

    name = "aer"

    def notes(self, compiled: Compiled) -> tuple[str, ...]:
        """Return the notes of a result from this backend."""
        return (*self._device_notes(), *self.planned(compiled)[-1])

    def check(self, compiled: Compiled) -> None:
        """Raise UnsupportedError if a circuit is too wide to simulate."""
        for plan in self.planned(compiled)[0]:
            plan.check()

    def work(self, compiled: Compiled, shots: Sequence[int]) -> float:
        """Return the approximate work of some shots of each circuit, in the unit of plans."""
        plans, whose, _ = self.planned(compiled)
        counts = [shots[k] for k, _ in whose]
        chosen = [plan.for_shots(count) for plan, count in zip(plans, counts, strict=True)]
        return sum(
            plan.cost * (1 if plan.at_once else count) for plan, count in zip(chosen, counts, strict=True)
        )

    def planned(self, compiled: Compiled) -> tuple[list[Plan], list[_Whose], tuple[str, ...]]:
        """Return the plan of each part of the circuits, the circuit of each part, and notes on the calibration."""
        device, noise = self.device, self.noise or DeviceNoise()

        def made() -> tuple[list[Plan], list[_Whose], tuple[str, ...]]:
            noisy = noisy_program(compiled, device, noise)
            parts = [
                (k, part) for k, circuit in enumerate(noisy.circuits) for part in components(thinned(circuit))
            ]
            plans = [plan_of(part.circuit) for _, part in parts]
            return plans, [(k, part.bits) for k, part in parts], noisy.notes

        return compiled.once("plans of Aer", (device, noise), made)

    def submit(self, compiled: Compiled, shots: Sequence[int], seed: int, tag: str = "") -> Work:
        """Keep the circuits; the work is done by ``fetch``."""
        return Work(compiled, tuple(shots), seed)

    def fetch(self, ticket: Work, progress: Progress | None = None, keep: Keep | None = None) -> list[Raw]:
        """Sample all circuits, in calls of Aer that share no random numbers."""
        rng = np.random.default_rng(np.random.SeedSequence(ticket.seed))
        plans, circuits, whose = self._ready(ticket.compiled, ticket.shots)
        shots, asked = [ticket.shots[k] for k, _ in whose], sum(ticket.shots)

        def told(done: int, total: int) -> None:
            # In shots of circuits, whatever the number of their parts.
            if progress is not None:
                progress(done * asked // total, asked)

        def sample(call: Call) -> list[Raw]:
            threads = _threads([plans[k] for k in call.members], call.shots)
            return on_aer(call, [circuits[k] for k in call.members], threads)

        raws = sampled(plans, shots, rng, sample, told, keep)
        parts: list[list[tuple[_Bits, Raw]]] = [[] for _ in ticket.shots]
        for (k, bits), raw in zip(whose, raws, strict=True):
            parts[k].append((bits, raw))
        return [_whole(item.circuit, found) for item, found in zip(ticket.compiled, parts, strict=True)]

    def _ready(
        self, compiled: Compiled, shots: tuple[int, ...]
    ) -> tuple[list[Plan], list[QuantumCircuit], list[_Whose]]:
        """Return for each part of the circuits the plan for a number of shots, Aer's circuit, and the circuit it belongs to."""

        def made() -> tuple[list[Plan], list[QuantumCircuit], list[_Whose]]:
            planned, whose, _ = self.planned(compiled)
            plans = [plan.for_shots(shots[k]) for plan, (k, _) in zip(planned, whose, strict=True)]
            return plans, [plan.circuit() for plan in plans], whose

        return compiled.once("circuits of Aer", (self.device, self.noise, shots), made)


def _whole(circuit: QuantumCircuit, parts: Sequence[tuple[_Bits, Raw]]) -> Raw:
    """Return a circuit's registers, from those of its parts."""
    if parts[0][0] is None:
        return parts[0][1]
    whole = np.zeros((len(parts[0][1][PART]), circuit.num_clbits), dtype=bool)
    for bits, raw in parts:
        whole[:, bits] = raw[PART]
    place = {bit: k for k, bit in enumerate(circuit.clbits)}
    return {register.name: whole[:, [place[bit] for bit in register]] for register in circuit.cregs}


def _threads(plans: Sequence[Plan], shots: int) -> int:
    """Return the number of threads for the fastest call of Aer; 0 means one thread per core.

    Threads are used only if one evolution serves all shots. If Aer simulates shots one by one, their order depends on the
    number of threads.
    """
    at_once = all(plan.at_once for plan in plans)
    return 1 if at_once and sum(plan.work(shots) for plan in plans) < _LITTLE else 0


def on_aer(call: Call, circuits: Sequence[QuantumCircuit], threads: int = 0) -> list[Raw]:
    """Make one call of Aer with a number of threads; 0 means one thread per core."""
    from qiskit_aer import AerSimulator

    options = {"max_parallel_threads": threads, **_OPTIONS.get(call.method, {})}
    simulator = AerSimulator(method=call.method, **options)
    drawn_here = call.method == "density_matrix"
    shots = 1 if drawn_here else call.shots
    result = simulator.run(list(circuits), shots=shots, seed_simulator=call.seed).result()
    if not result.success:
        raise BackendError(f"Aer failed: {result.status}")
    rng = np.random.default_rng(np.random.SeedSequence(call.seed, spawn_key=(1,)))
    found = []
    for k, circuit in enumerate(circuits):
        data = result.data(k)
        distinct, counts = (
            _drawn(circuit, data["probabilities"], call.shots, rng)
            if drawn_here
            else _counted(circuit, data["counts"])
        )
        found.append(_registers(circuit, distinct, counts, rng))
    return found


def _drawn(
    circuit: QuantumCircuit, probabilities: Any, shots: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw some shots by the probabilities of outcomes. Return the distinct outcomes and their counts.

    An outcome of probability 0 takes no random number. Probabilities of impossible outcomes are set to exactly 0; otherwise
    rounding would change the random numbers of all other outcomes.
    """
    likely = np.where(probabilities > _ROUNDING, probabilities, 0.0)
    counts = rng.multinomial(shots, likely / likely.sum())
    came = np.flatnonzero(counts)
    bits = sorted(measured_by(circuit, circuit.data))
    distinct = np.zeros((len(came), circuit.num_clbits), dtype=bool)
    distinct[:, bits] = (came[:, None] >> np.arange(len(bits))) & 1
    return distinct, counts[came]


def _counted(circuit: QuantumCircuit, counts: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct outcomes that Aer counted by hexadecimal name, and their counts."""
    width = circuit.num_clbits
    size = (width + 7) // 8
    packed = b"".join(int(outcome, 16).to_bytes(size, "little") for outcome in counts)
    distinct = np.frombuffer(packed, dtype=np.uint8).reshape(len(counts), size)
    bits = np.unpackbits(distinct, axis=1, bitorder="little")[:, :width].astype(bool)
    return bits, np.fromiter(counts.values(), dtype=int)


def _registers(
    circuit: QuantumCircuit, distinct: np.ndarray, counts: np.ndarray, rng: np.random.Generator
) -> Raw:
    """Return the registers of outcomes with these counts, in random order."""
    came = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    place = {bit: k for k, bit in enumerate(circuit.clbits)}
    return {reg.name: distinct[:, [place[bit] for bit in reg]][came] for reg in circuit.cregs}
