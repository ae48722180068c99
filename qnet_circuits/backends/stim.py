"""Stim: sampling of Clifford circuits, millions of shots a second, with noise that is twirled to Paulis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qnet_circuits.backends.base import CountingBackend, DeviceSimulator, Keep, Progress, Raw, Work
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.simulation.fusing import thinned
from qnet_circuits.backends.simulation.sampling import Call, calls_of, sampled
from qnet_circuits.backends.simulation.stim_circuits import Packed, StimCircuit, stim_circuit_of
from qnet_circuits.backends.simulation.twin import NoisyProgram, noisy_program
from qnet_circuits.backends.simulation.twirling import twirled
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import NoShotsError, UnsupportedError
from qnet_circuits.programs.counting import Seen
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.packed import PackedBits

#: Shots of one call: more do not fit into a processor's cache, fewer are more calls.
CHUNK = 1 << 16


@dataclass(frozen=True)
class _Plans:
    """How the circuits of a program are sampled.

    Args:
        circuits: The circuits in stim's form.
        notes: Notes on the circuits.
        changed: Whether twirling changed their noise.
    """

    circuits: tuple[StimCircuit, ...]
    notes: tuple[str, ...]
    changed: bool


class _TwirledExact(ExactBackend):
    """The exact engine on the circuits for stim."""

    _tensors = "tensors of twirled circuits"

    def _noisy(self, compiled: Compiled) -> NoisyProgram:
        noisy = super()._noisy(compiled)
        return replace(noisy, circuits=tuple(twirled(thinned(each)).circuit for each in noisy.circuits))


class StimBackend(DeviceSimulator, CountingBackend):
    """Sampling of Clifford circuits on stim.

    Gates must be Clifford. Real-time decisions may apply Paulis, conditioned on parities of bits. Noise other than Pauli noise
    is twirled: only the diagonal of its Pauli transfer matrix remains. Readout errors are exact for bits that no decision
    reads.

    Args:
        name: Name of the backend.
        device: The simulated device. Default: none.
        noise: The description of the device's noise.
    """

    name = "stim"

    def check(self, compiled: Compiled) -> None:
        """Raise UnsupportedError for a gate that is not Clifford, a decision on more than parities, or readout circuits."""
        if self.twirls(compiled) and any(item.readout is not None for item in compiled):
            raise UnsupportedError(
                f"on {self.name} twirled relaxation takes |0⟩ to |1⟩ as it does |1⟩ to |0⟩, so circuits that prepare both "
                "do not measure the readout of others; leave mitigate out, or sample on aer"
            )

    def twirls(self, compiled: Compiled) -> bool:
        """Return whether a program's noise is twirled on this backend."""
        return self._planned(compiled).changed

    def notes(self, compiled: Compiled) -> tuple[str, ...]:
        """Return the notes of a result from this backend."""
        return (*self._device_notes(), *self._planned(compiled).notes)

    def shifts(self, compiled: Compiled, predicted: Mapping[str, float]) -> dict[str, float]:
        """Return the change of figures by the twirl, for figures that the exact engine can compute."""
        if not self.twirls(compiled):
            return {}
        names = tuple(figure.name for figure in compiled.program.figures if figure.name in predicted)
        key = (self.device, self.noise, names)
        found = compiled.once("figures of twirled circuits", key, lambda: self._twirled(compiled, names))
        return {name: value - predicted[name] for name, value in found.items()}

    def _twirled(self, compiled: Compiled, names: Sequence[str]) -> dict[str, float]:
        """Return the exact values of figures on the twirled circuits, for figures that can be computed."""
        engine, found = _TwirledExact("exact", self.device, self.noise), {}
        for figure in compiled.program.figures:
            if figure.name in names:
                with suppress(UnsupportedError, NoShotsError):
                    found[figure.name] = engine.evaluate(compiled, [figure]).values[figure.name].value
        return found

    def circuits(self, compiled: Compiled) -> tuple[StimCircuit, ...]:
        """Return the circuits of a compiled program in stim's form, with all noise."""
        return self._planned(compiled).circuits

    def _planned(self, compiled: Compiled) -> _Plans:
        device, noise = self.device, self.noise or DeviceNoise()

        def made() -> _Plans:
            noisy = noisy_program(compiled, device, noise)
            found = [twirled(thinned(circuit)) for circuit in noisy.circuits]
            changed = dict.fromkeys(what for each in found for what in each.changed)
            what = f"twirled to Pauli errors: {', '.join(changed)}"
            said = (f"{what}; what that adds to figures is told beside predictions",) if changed else ()
            circuits = tuple(stim_circuit_of(each.circuit) for each in found)
            return _Plans(circuits, (*noisy.notes, *said), bool(changed))

        return compiled.once("circuits of stim", (device, noise), made)

    def submit(self, compiled: Compiled, shots: Sequence[int], seed: int, tag: str = "") -> Work:
        """Keep the circuits; the work is done by ``fetch``."""
        return Work(compiled, tuple(shots), seed)

    def fetch(self, ticket: Work, progress: Progress | None = None, keep: Keep | None = None) -> list[Raw]:
        """Sample all circuits, in calls of stim that share no random numbers."""
        rng = np.random.default_rng(np.random.SeedSequence(ticket.seed))
        circuits = self.circuits(ticket.compiled)

        def made(call: Call) -> list[Raw]:
            return [_registers(circuits[k], bits) for k, bits in on_stim(call, circuits)]

        found = sampled(circuits, ticket.shots, rng, made, progress, keep, CHUNK, packed=True)
        return [_packed(raw, shots) for raw, shots in zip(found, ticket.shots, strict=True)]

    def count(
        self, ticket: Work, events: Mapping[str, Sequence[Event]], progress: Progress | None = None
    ) -> dict[str, Seen]:
        """Count events in the shots that ``fetch`` would return, eight shots at a time, without keeping shots."""
        rng = np.random.default_rng(np.random.SeedSequence(ticket.seed))
        circuits, items = self.circuits(ticket.compiled), ticket.compiled.items
        seen: dict[str, list[Seen]] = {name: [] for name in events}
        done = 0
        for call in calls_of(circuits, ticket.shots, rng, CHUNK):
            for k, bits in on_stim(call, circuits):
                name = items[k].name
                if name in events:
                    raw = _packed(_registers(circuits[k], bits), call.shots)
                    seen[name].append(Seen.of(events[name], items[k].lowered.forms.apply(raw, rng)))
            done += call.shots * len(call.members)
            if progress is not None:
                progress(done, sum(ticket.shots))
        return {name: Seen.joined(parts) for name, parts in seen.items()}


def on_stim(call: Call, circuits: Sequence[StimCircuit]) -> Iterator[tuple[int, Packed]]:
    """Make one call of stim, and yield the number of each circuit with its bits."""
    seeds = np.random.SeedSequence(call.seed).generate_state(len(call.members), np.uint64) >> np.uint64(1)
    for k, seed in zip(call.members, seeds, strict=True):
        yield k, circuits[k].sample(call.shots, int(seed))


def _registers(circuit: StimCircuit, rows: Any) -> dict[str, Any]:
    """Return the registers of a circuit, arrays (shots in eights, width), from the rows of its bits."""
    ends = np.cumsum([width for _, width in circuit.registers])
    return {
        name: rows[end - width : end].T for (name, width), end in zip(circuit.registers, ends, strict=True)
    }


def _packed(registers: Mapping[str, Any], shots: int) -> dict[str, Any]:
    """Return registers that can be read as bool arrays (shots, width)."""
    return {name: PackedBits(bits, shots) for name, bits in registers.items()}
