"""The verb that says what a run would cost, before anything is submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qnet_circuits.backends.registry import backend_of
from qnet_circuits.backends.service.cost import Cost
from qnet_circuits.backends.service.pricing import priced_for
from qnet_circuits.compiling.readout_circuits import with_readout
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import ParameterError, UnsupportedError
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.mitigation.stored import check_mitigable
from qnet_circuits.runs.options import check_options
from qnet_circuits.runs.planning import counts_for, remaining_seconds
from qnet_circuits.runs.preparing import on_device, program_of
from qnet_circuits.runs.verbs import compile


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
    given = check_options(
        protocol=protocol, shots=shots, seed=seed, controls=controls, noise=noise, rep_delay=rep_delay, remaining=remaining,
        repeats=repeats, options=options, mitigate=compiling.get("mitigate", False),
    )  # fmt: skip
    where = backend_of(backend).with_options(options)
    if rep_delay is not None and "execution.rep_delay" in where.options:
        raise ParameterError("rep_delay and the option execution.rep_delay say the same; give one of them")
    if where.device is None:
        raise UnsupportedError(
            f"{where.name} has no device, so nothing takes time there; name one, for example aer:fake_kingston"
        )
    protocol, _ = on_device(protocol, where)
    program = program_of(protocol, given["seed"], controls)
    if given["mitigate"]:
        check_mitigable(protocol, program, where)
    counts = counts_for(program, shots)
    described = where.noise if noise is None else given["noise"]
    compiled = compile(program, where, seed=given["seed"], **compiling)
    if where.options:
        where.check(compiled)
    left = remaining_seconds(where) if remaining is None else remaining
    return priced_for(
        where, compiled, with_readout(counts, compiled), described, rep_delay, left, given["repeats"]
    )
