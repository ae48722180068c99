"""What a compiled program costs on its device: checked against the service's limits, split into jobs, and timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qiskit.transpiler import Target

from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.cost import REP_DELAY, Cost, cost_of, shot_seconds
from qnet_circuits.compiling.jobs import split
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.noise.description import DeviceNoise
from qnet_circuits.noise.device import Device

if TYPE_CHECKING:
    from qnet_circuits.backends.base import Backend


def priced_for(
    backend: Backend,
    compiled: Compiled,
    shots: Sequence[int],
    noise: DeviceNoise | None = None,
    rep_delay: float | None = None,
    remaining: float | None = None,
) -> Cost:
    """Return what a compiled program costs with the options of a backend: its delay between shots, and twirling.

    Args:
        backend: The backend; nothing is submitted.
        compiled: A program compiled for its device.
        shots: Shots of each circuit.
        noise: Gives the latency of decisions. Default: ``DeviceNoise()``.
        rep_delay: Seconds between two shots. Default: the backend's, or 250 µs where it does not say.
        remaining: Seconds that the instance has left, if that is known.

    Raises:
        UnsupportedError: If there is no device, or a circuit breaks a limit by itself.
        ParameterError: If an option of the backend does not fit.
    """
    delay = backend.rep_delay if rep_delay is None else rep_delay
    executed = [backend.executed(count) for count in shots]
    cost = priced(compiled, executed, noise, REP_DELAY if delay is None else delay, remaining)
    surplus = sum(executed) - sum(shots)
    notes = cost.notes
    if any(name.startswith("twirling.") for name in backend.options):
        notes = (
            *notes,
            "what twirling adds to the circuits' durations is not known, and not in the estimate",
        )
    return replace(cost, shots=max(shots, default=0), waste=cost.waste + surplus, notes=notes)


def priced(
    compiled: Compiled,
    shots: Sequence[int],
    noise: DeviceNoise | None = None,
    rep_delay: float = REP_DELAY,
    remaining: float | None = None,
) -> Cost:
    """Return what a compiled program costs.

    Args:
        compiled: A program compiled for a device.
        shots: Shots of each circuit.
        noise: Gives the latency of decisions. Default: ``DeviceNoise()``.
        rep_delay: Seconds between two shots.
        remaining: Seconds that the instance has left, if that is known.

    Raises:
        UnsupportedError: If there is no device, or a circuit breaks a limit by itself.
    """
    if compiled.device is None:
        raise UnsupportedError(
            "without a device nothing takes time; compile for one, such as aer:fake_kingston"
        )
    seconds, notes = shot_seconds(compiled, rep_delay, noise)
    jobs = split(compiled.circuits, shots, own_target(compiled.device), seconds)
    return cost_of(jobs, seconds, rep_delay, remaining, [*notes, *compiled.notes, *compiled.device.notes])


def own_target(device: Device) -> Target:
    """Return the target with everything that the device says, alignment and variants of operations included."""
    return device.target if device.backend is None else device.backend.target
