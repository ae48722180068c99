"""The verb that estimates the cost of a run before anything is submitted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from qnet_circuits.backends.registry import backend_of
from qnet_circuits.backends.service.cost import RunCost
from qnet_circuits.backends.service.pricing import priced
from qnet_circuits.compiling.merging import together
from qnet_circuits.errors import ParameterError, UnsupportedError
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.given import Runnable
from qnet_circuits.runs.options import RunOptions, check_arguments, takes_options
from qnet_circuits.runs.planning import remaining_seconds
from qnet_circuits.runs.preparing import prepare


@takes_options
def estimate_cost(
    protocol: Runnable,
    backend: Any,
    *,
    figures: Iterable[Figure] | None = None,
    rep_delay: float | None = None,
    remaining: float | None = None,
    **options: Any,
) -> RunCost:
    """Estimate the cost of a run on a processor. Nothing is submitted.

    The program is compiled, and its circuits are checked against the service's limits and split into jobs as ``submit`` does.
    Durations come from the device's calibration. ``RunCost`` states the formula.

    Args:
        protocol: A protocol, a program, or a ``QuantumCircuit``, or several by name.
        backend: A backend with a device, such as ``ibm:ibm_kingston``, ``aer:fake_kingston``, ``aer:snapshot.json`` or a
            ``Device``.
        figures: Figures of plain circuits. They cost nothing, but may influence the placement.
        rep_delay: Seconds between two shots, in [0, 0.1]. Default: that of the processor on ``ibm:``, otherwise 250 µs, which
            most processors have.
        remaining: Processor seconds that the instance has left. Default on ``ibm:``: the number that the platform reports.
        **options: Options of the run; ``noise`` sets the latency of decisions:

    Returns:
        The cost.

    Raises:
        UnsupportedError: If the backend has no device, or a single circuit exceeds a limit.
        ParameterError: If a value is out of range.
        TypeError: If there is no such option.

    Example:
        >>> import qnet_circuits as qn
        >>> cost = qn.estimate_cost(qn.RepeaterChain(hops=2), "aer:fake_manila", shots=1000, remaining=600)
        >>> cost.circuits, cost.jobs, cost.executions, cost.waste
        (3, 1, 3000, 0)
        >>> 2 < cost.seconds < 4 and cost.share == cost.seconds / 600
        True
    """
    check_arguments(rep_delay=rep_delay, remaining=remaining)
    chosen = RunOptions.of("estimate_cost", options)
    where = backend_of(backend)
    if where.device is None:
        raise UnsupportedError(
            f"{where.name} has no device, so circuits have no duration; name a device, for example aer:fake_kingston"
        )
    plain = replace(chosen, noise=None)
    prepared = prepare(protocol, where, plain, figures, figures_needed=False, shared=True)
    where = prepared.backend
    if rep_delay is not None and "execution.rep_delay" in where.options:
        raise ParameterError(
            "rep_delay and the option execution.rep_delay mean the same; give only one of them"
        )
    if where.options:
        where.check(prepared.compiled)
    noise = where.noise if chosen.noise is None else chosen.noise
    left = remaining_seconds(where) if remaining is None else remaining
    whole = together(prepared.compiled)  # As on a processor.
    *_, cost = priced(where, whole, prepared.shots, noise, rep_delay, left, chosen.repeats)
    return cost
