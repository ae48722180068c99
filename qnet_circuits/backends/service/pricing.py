"""The cost of a compiled program on its device: its circuits are checked against the service's limits, split and timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qnet_circuits.backends.service.cost import REP_DELAY, RunCost, cost_of, shot_seconds
from qnet_circuits.backends.service.splitting import JobPlan, split
from qnet_circuits.backends.service.violations import Limits
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise

if TYPE_CHECKING:
    from qnet_circuits.backends.base import BaseBackend


def priced(
    backend: BaseBackend,
    compiled: Compiled,
    shots: Sequence[int],
    noise: DeviceNoise | None = None,
    rep_delay: float | None = None,
    remaining: float | None = None,
    repeats: int = 1,
) -> tuple[tuple[JobPlan, ...], tuple[float, ...], RunCost]:
    """Return the jobs of one block, the estimated seconds of each, and the cost of all blocks with the backend's options.

    Args:
        backend: The backend; nothing is submitted.
        compiled: A program compiled for its device.
        shots: Shots of each circuit.
        noise: Gives the latency of decisions. Default: ``DeviceNoise()``.
        rep_delay: Seconds between two shots. Default: that of the backend, or 250 µs if unknown.
        remaining: Seconds that the instance has left, if known.
        repeats: Blocks, each with jobs of its own.

    Raises:
        UnsupportedError: If there is no device, or a single circuit exceeds a limit.
        ParameterError: If an option of the backend does not fit.
    """
    if rep_delay is None:
        rep_delay = REP_DELAY if backend.rep_delay is None else backend.rep_delay
    seconds, notes = shot_seconds(compiled, rep_delay, noise)
    device = compiled.device
    assert device is not None
    notes += (*compiled.notes, *device.notes)
    jobs = split(compiled.circuits, shots, device.own_target, seconds, limits_of(device))
    # Twirling runs a few shots more sometimes, which are surplus.
    executed = tuple(replace(job, shots=backend.executed(job.shots)) for job in jobs)
    if any(name.startswith("twirling.") for name in backend.options):
        notes += ("what twirling adds to circuits' durations is not known, and not in the estimate",)
    cost = cost_of(executed * repeats, seconds, rep_delay, remaining, notes)
    return jobs, tuple(cost_of([job], seconds).seconds for job in executed), cost


def limits_of(device: Device) -> Limits:
    """Return the limits of a job on a device, with the most shots that its configuration states."""
    configuration = getattr(device.described, "configuration", None)
    most = getattr(configuration() if callable(configuration) else None, "max_shots", None)
    return Limits() if most is None else Limits(shots=int(most))
