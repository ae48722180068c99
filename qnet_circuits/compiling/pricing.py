"""What a compiled program costs on its device: checked against the service's limits, split into jobs, and timed."""

from __future__ import annotations

from collections.abc import Sequence

from qiskit.transpiler import Target

from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.cost import REP_DELAY, Cost, cost_of, shot_seconds
from qnet_circuits.compiling.jobs import Job, split
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.noise.description import DeviceNoise
from qnet_circuits.noise.device import Device


def priced(
    compiled: Compiled,
    shots: Sequence[int],
    noise: DeviceNoise | None = None,
    rep_delay: float = REP_DELAY,
    remaining: float | None = None,
    repeats: int = 1,
) -> Cost:
    """Return what a compiled program costs.

    Args:
        compiled: A program compiled for a device.
        shots: Shots of each circuit.
        noise: Gives the latency of decisions. Default: ``DeviceNoise()``.
        rep_delay: Seconds between two shots.
        remaining: Seconds that the instance has left, if that is known.
        repeats: Blocks, each with jobs of its own.

    Raises:
        UnsupportedError: If there is no device, or a circuit breaks a limit by itself.
    """
    jobs, seconds, notes = timed_jobs(compiled, shots, noise, rep_delay)
    return cost_of(jobs * repeats, seconds, rep_delay, remaining, notes)


def timed_jobs(
    compiled: Compiled, shots: Sequence[int], noise: DeviceNoise | None = None, rep_delay: float = REP_DELAY
) -> tuple[tuple[Job, ...], tuple[float, ...], tuple[str, ...]]:
    """Return the jobs of a compiled program, the seconds of one shot of each circuit, and what should be known of them.

    Raises:
        UnsupportedError: If there is no device, or a circuit breaks a limit by itself.
    """
    if compiled.device is None:
        raise UnsupportedError(
            "without a device nothing takes time; compile for one, such as aer:fake_kingston"
        )
    seconds, notes = shot_seconds(compiled, rep_delay, noise)
    jobs = split(compiled.circuits, shots, own_target(compiled.device), seconds)
    return jobs, seconds, (*notes, *compiled.notes, *compiled.device.notes)


def own_target(device: Device) -> Target:
    """Return the target with everything that the device says, alignment and variants of operations included."""
    return device.target if device.backend is None else device.backend.target
