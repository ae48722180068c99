"""The verb that says what a run would cost, before anything is submitted."""

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
    """Estimate what a run would cost on a processor: nothing is submitted.

    The program is compiled, its circuits are checked against the service's limits and split into jobs as they would be, and
    their durations come from the device's calibration. ``RunCost`` states the formula.

    Args:
        protocol: What would run: a protocol, a program, or a ``QuantumCircuit``, or several by name.
        backend: Where: anything with a device, such as ``ibm:ibm_kingston``, ``aer:fake_kingston``,
            ``aer:snapshot.json`` or a ``Device``.
        figures: Those of a plain circuit; they cost nothing, but may decide where the circuit lies.
        rep_delay: Seconds between two shots, in [0, 0.1]. Default: the processor's own on ``ibm:``, or 250 µs, as most have it.
        remaining: Seconds that the instance has left. Default: what the platform says, on ``ibm:``.
        **options: What the run would be asked for; ``noise`` gives the latency of decisions:

    Returns:
        The cost.

    Raises:
        UnsupportedError: If the backend has no device, or a circuit breaks a limit by itself.
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
            f"{where.name} has no device, so nothing takes time there; name one, for example aer:fake_kingston"
        )
    plain = replace(chosen, noise=None)
    prepared = prepare(protocol, where, plain, figures, figures_needed=False, shared=True)
    where = prepared.backend
    if rep_delay is not None and "execution.rep_delay" in where.options:
        raise ParameterError("rep_delay and the option execution.rep_delay say the same; give one of them")
    if where.options:
        where.check(prepared.compiled)
    noise = where.noise if chosen.noise is None else chosen.noise
    left = remaining_seconds(where) if remaining is None else remaining
    whole = together(prepared.compiled)  # As on a processor.
    *_, cost = priced(where, whole, prepared.shots, noise, rep_delay, left, chosen.repeats)
    return cost
