"""The verb that says what a run would cost, before anything is submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qnet_circuits.backends.base import Backend
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.compiling.cost import Cost
from qnet_circuits.compiling.pricing import priced_for
from qnet_circuits.compiling.readout import with_readout
from qnet_circuits.errors import ParameterError, UnsupportedError, check_count
from qnet_circuits.mitigation.reading import check_mitigable
from qnet_circuits.noise.description import DeviceNoise, check_noise
from qnet_circuits.planning import counts_for
from qnet_circuits.preparing import on_device, program_of
from qnet_circuits.protocol import Protocol
from qnet_circuits.running import MOST_REPEATS, compile


def estimate_cost(
    protocol: Protocol,
    backend: Any,
    *,
    shots: int | None = None,
    seed: int = 0,
    controls: bool = False,
    noise: DeviceNoise | Mapping[str, Any] | None = None,
    rep_delay: float | None = None,
    remaining: float | None = None,
    repeats: int = 1,
    options: Mapping[str, Any] | None = None,
    **compiling: Any,
) -> Cost:
    """Estimate what a run would cost on a processor: nothing is submitted.

    The program is compiled, its circuits are checked against the service's limits and split into jobs as they would be, and
    their durations come from the device's calibration. ``Cost`` states the formula.

    Args:
        protocol: What would run.
        backend: Where: anything with a device, such as ``ibm:ibm_kingston``, ``aer:fake_kingston``,
            ``aer:snapshot.json`` or a ``Device``.
        shots: Shots for each circuit, 1 to 100,000,000. Default 4096.
        seed: Decides on what is drawn at random.
        controls: Count the control experiments too, that ``submit`` adds to the job.
        noise: Gives the latency of decisions, ``feedforward_latency``. Default: the backend's.
        rep_delay: Seconds between two shots, in [0, 0.1]. Default: the processor's own on ``ibm:``, or 250 µs, as most have it.
        remaining: Seconds that the instance has left. Default: what the platform says, on ``ibm:``.
        repeats: Blocks, each with jobs of its own.
        options: Options of IBM's Sampler that the job would have, as for ``submit``.
        **compiling: Options of ``compile``: corrections, optimization_level, layout, carrier, emulate_links, decoupling,
            mitigate.

    Returns:
        The cost.

    Raises:
        UnsupportedError: If the backend has no device, or a circuit breaks a limit by itself.
        ParameterError: If a value is out of range.

    Example:
        >>> from qnet_circuits.protocols.repeater_chain import RepeaterChain
        >>> cost = estimate_cost(RepeaterChain(hops=2), "aer:fake_manila", shots=1000, remaining=600)
        >>> cost.circuits, cost.jobs, cost.executions, cost.waste
        (3, 1, 3000, 0)
        >>> 2 < cost.seconds < 4 and cost.share == cost.seconds / 600
        True
    """
    if not isinstance(protocol, Protocol):
        raise ParameterError(f"protocol must be a Protocol, such as RepeaterChain(hops=3), got {protocol!r}")
    where = backend_of(backend).with_options(options)
    if rep_delay is not None and "execution.rep_delay" in where.options:
        raise ParameterError("rep_delay and the option execution.rep_delay say the same; give one of them")
    if where.device is None:
        raise UnsupportedError(
            f"{where.name} has no device, so nothing takes time there; name one, for example aer:fake_kingston"
        )
    protocol, _ = on_device(protocol, where)
    program = program_of(protocol, check_count("seed", seed, 0), controls)
    if compiling.get("mitigate"):
        check_mitigable(protocol, program, where)
    counts = counts_for(program, shots)
    described = where.noise if noise is None else check_noise(noise)
    compiled = compile(program, where, seed=seed, **compiling)
    if where.options:
        where.check(compiled)
    left = remaining_seconds(where) if remaining is None else remaining
    blocks = check_count("repeats", repeats, 1, MOST_REPEATS)
    return priced_for(where, compiled, with_readout(counts, compiled), described, rep_delay, left, blocks)


def remaining_seconds(backend: Backend) -> float | None:
    """Return the processor seconds that the backend's instance has left, or None where nobody says."""
    usage = getattr(backend, "usage", None)
    return None if usage is None else usage().remaining
