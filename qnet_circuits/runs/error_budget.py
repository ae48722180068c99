"""The error budget: the exact effect of each source of noise on one compiled program, alone and among all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.registry import exact_of
from qnet_circuits.backends.simulation.contraction import DEFAULT_MEMORY
from qnet_circuits.compiling.compiled import Compiled, CompiledItem
from qnet_circuits.devices.declared import Declared
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.errors import NoShotsError, ParameterError, UnsupportedError, check_name
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.given import Runnable
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import called
from qnet_circuits.runs.options import RunOptions, check_arguments, takes_options
from qnet_circuits.runs.preparing import prepare
from qnet_circuits.runs.results.costs import Budget, Cost

#: Gives the value where only these sources are on.
Value = Callable[[frozenset[str]], float]
#: Each source's fields of the description of noise, with their values where the source is off.
_OFF: dict[str, dict[str, Any]] = {
    "gates": {"gates": False},
    "readout": {"readout": False},
    "waiting": {"idle": False},
    "latency": {"feedforward_latency": 0.0},
    "decisions": {"decision_latency": 0.0},
    "zz": {"zz": 0.0},
    "charge_parity": {"charge_parity": 0.0},
    "t2_star": {"t2_star_fraction": 1.0, "t2_star": None},
    "measurement_dephasing": {"measurement_dephasing": 0.0},
}
#: What acts in waits alone, and what it is counted on top of.
_UNDER = {
    "latency": ("waiting",), "decisions": ("waiting", "latency"),
    "zz": ("waiting",), "charge_parity": ("waiting",), "t2_star": ("waiting",), "measurement_dephasing": ("waiting",),
}  # fmt: skip
#: Terms of which the device decides whether there are any.
_RESOLVED = ("zz", "charge_parity", "t2_star")
_ALWAYS_SAID = ("gates", "readout", "waiting", "latency", "decisions", "links")
_NO_ERROR = (1.0, 0.0, 0.0, 0.0)


@takes_options
def error_budget(
    protocol: Runnable,
    device: Any,
    *,
    figures: Iterable[Figure] | None = None,
    figure: str | None = None,
    memory: float = DEFAULT_MEMORY,
    **options: Any,
) -> Budget:
    """Return the cost of gates, readout, waiting, latency, decisions and links to a figure of merit on a device.

    The program is compiled once, so every row describes the same circuits on the same qubits, and the figure is computed
    exactly. Let f(S) be the value if only the sources in S are on. The cost ``alone`` of a source s is f(nothing) - f(s). The
    gain ``without`` s is f(all but s) - f(all). Both are multiplied by the sign of the ideal value f(nothing). The interaction
    is the whole cost f(nothing) - f(all) less the sum of the costs alone.

    Waiting is the relaxation and dephasing of waiting qubits, with all latencies zero, and the relaxation of qubits that are
    used again after a measurement. Latency is the feed-forward latency. Decisions are the waits of decisions in series for one
    another. Latency, decisions and each declared term (zz, charge_parity, t2_star, measurement_dephasing) act only in waits.
    So each is counted on top of the sources under it: waiting, and for decisions also latency. For such a source ``alone`` is
    f(under) - f(under and it), and ``without`` is f(all but it and the sources above it) - f(all but the sources above it). If
    no term is declared, the ``without`` of waiting, latency and decisions sum to the gain of a machine that never waits.
    Decoupling pulses have the errors of gates but act only in waits, so their cost is part of the interaction. A source that
    is off has no row, and neither has a term that the device lacks; a note names each of the six sources that is off.

    Args:
        protocol: A protocol, a program, or a ``QuantumCircuit``, or several by name, with figures.
        device: The name of a stand-in device, the path of a snapshot, a calibration, a ``Device``, or a backend with a device.
        figures: The figures of plain circuits, in which a single circuit has the name ``circuit``; refused for all else.
        figure: Name of the figure. Default: ``fidelity`` if the program declares it, otherwise the first figure.
        memory: The most bytes that a contraction may take. Default 2 GiB.
        **options: Options:

    Returns:
        The budget; its ``value`` equals that of ``predict`` for the same options.

    Raises:
        ParameterError: If there is no device, or an option is out of range.
        UnknownNameError: If there is no such figure.
        UnsupportedError: If the figure cannot be computed exactly, or not within ``memory``.

    Example:
        >>> import qnet_circuits as qn
        >>> budget = qn.error_budget(qn.Teleportation(), qn.line_device(5), corrections="feedforward")
        >>> [row.source for row in budget.rows]
        ['gates', 'readout', 'waiting', 'latency', 'decisions']
        >>> round(sum(row.alone for row in budget.rows) + budget.interaction - budget.cost, 12)
        0.0
    """
    check_arguments(figure=figure, memory=memory)
    asked = RunOptions.of("error_budget", options)
    exact = exact_of(device, memory)
    if exact.device is None:
        raise ParameterError(
            "an error budget needs a device, such as fake_kingston (--on fake_kingston), got "
            f"{device!r}; without a device only links have errors, which predict computes"
        )
    prepared = prepare(protocol, exact, asked, figures, shared=True)
    protocol, backend, compiled = prepared.protocol, prepared.backend, prepared.compiled
    assert isinstance(backend, ExactBackend)
    chosen = figure_of(compiled.program, figure)
    said: list[str] = []
    value = _valued(backend, compiled, chosen, said)
    on = _sources(compiled, backend)
    made = Budget(
        called(protocol), backend.name.partition(":")[2], compiled.corrections, chosen.name,
        value(frozenset()), value(frozenset(on)), (), protocol.parameters, backend.noise.to_dict(), compiled.layout,
    )  # fmt: skip
    rows = tuple(_row(value, source, on, made.sign) for source in on)
    return replace(made, rows=rows, notes=tuple(dict.fromkeys([*prepared.notes, *said, *_said(on)])))


def figure_of(program: Program, name: str | None) -> Figure:
    """Return the figure of a name; by default the fidelity, or the first figure."""
    figures = {figure.name: figure for figure in program.figures}
    if not figures:
        raise UnsupportedError("the protocol declares no figure, so there is nothing to compute exactly")
    if name is None:
        name = "fidelity" if "fidelity" in figures else next(iter(figures))
    return figures[check_name("figure", name, figures)]


def _valued(backend: ExactBackend, compiled: Compiled, figure: Figure, said: list[str]) -> Value:
    """Return a function that computes the figure's value with only some sources on. It caches values and collects notes."""
    # The figure's own circuits are enough; one without terms is a constant on any.
    needed = figure.circuits
    items = tuple(item for item in compiled if item.name in needed) or compiled.items[:1]
    with_links = replace(compiled, items=items)
    without_links = replace(compiled, items=tuple(map(_without_links, items)))

    @cache
    def value(on: frozenset[str]) -> float:
        off = {name: value for source in _OFF if source not in on for name, value in _OFF[source].items()}
        noise = replace(backend.noise, **off)
        found = backend.with_noise(noise).evaluate(with_links if "links" in on else without_links, [figure])
        if found.empty:
            raise NoShotsError(f"{figure.name} has no value: {found.empty[figure.name]}")
        # Gaps of the calibration are met where a source needs what is missing.
        said.extend(found.notes)
        return found.values[figure.name].value

    return value


def _without_links(item: CompiledItem) -> CompiledItem:
    forms = replace(item.lowered.forms, emulated=(_NO_ERROR,) * len(item.lowered.forms.emulated))
    return replace(item, lowered=replace(item.lowered, link_noise={}, forms=forms))


def _sources(compiled: Compiled, backend: ExactBackend) -> tuple[str, ...]:
    """Return the sources that are on, in the order of the rows."""
    assert backend.device is not None
    noise, declared = backend.noise, Declared.of(backend.noise, Usable(backend.device.calibration))
    on = {source: any(getattr(noise, name) != off[name] for name in off) for source, off in _OFF.items()}
    # What is typical of other devices, or named for other qubits, is not there.
    on.update({source: declared.acts(source) for source in _RESOLVED})
    on.update({source: on[source] and on["waiting"] for source in _UNDER})
    lowered = [item.lowered for item in compiled]
    on["links"] = any(one.link_noise or one.forms.emulated for one in lowered)
    return tuple(name for name, is_on in on.items() if is_on)


def _row(value: Value, source: str, on: Sequence[str], sign: int) -> Cost:
    """Return the cost of a source alone, and the gain without it."""
    under = frozenset(_UNDER.get(source, ())) & frozenset(on)
    whole = frozenset(each for each in on if source not in _UNDER.get(each, ()))
    alone = value(under) - value(under | {source})
    without = value(whole - {source}) - value(whole)
    return Cost(source, sign * alone, sign * without)


def _said(on: Sequence[str]) -> list[str]:
    """Return the notes of a budget on sources without a row."""
    off = [name for name in _ALWAYS_SAID if name not in on]
    return [f"off, so these have no row: {', '.join(off)}"] if off else []
