"""The error budget: each source of noise on alone, and off in turn, by the exact engine on one compiled program."""

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
    """Return what gates, readout, waiting, latency, decisions and links each cost a figure on a device.

    The program is compiled once, so that every row is about the same circuits on the same qubits, and its figure is computed
    exactly for the sources in question. With f(S) for the value where only the sources in S are on, a source s costs
    ``alone`` f(nothing) - f(s), and taking it from the machine gains ``without`` f(all but s) - f(all), both times the sign
    of the ideal value f(nothing). The rest of the whole cost f(nothing) - f(all), after what all sources cost alone, is the
    interaction.

    Waiting is what qubits relax and dephase in waits that last as long as without latencies, and what a measured qubit
    relaxes that is used again. Latency is the feed-forward latency, decisions are what decisions in series wait for one
    another. Both, and each declared term (zz, charge_parity, t2_star, measurement_dephasing), act in waits alone, so each is
    counted on top of what is under it, waiting, and for decisions latency too: ``alone`` is f(under) - f(under and it), and
    what is taken away in ``without`` has nothing on top of it on either side: f(all but it and what is above) -
    f(all but what is above). So ``without`` of waiting, latency and decisions sum to what a machine gains that never waits, if
    no term is declared. Pulses of decoupling err where gates err, in waits alone: their cost is in the interaction. A source
    that is off has no row, nor has a term that the device does not have; where it is one of the six, a note says so.

    Args:
        protocol: What to compute: a protocol, a program, or a ``QuantumCircuit``, or several by name, with figures.
        device: A stand-in device's name, a snapshot's path, a calibration, a ``Device`` or a backend that has one.
        figures: What is computed of the bits of a plain circuit, which figures call ``circuit``; of nothing else.
        figure: Name of the figure. Default ``fidelity``, or else the first one.
        memory: The most bytes that a contraction may take. Default 2 GiB.
        **options: What is asked for:

    Returns:
        The budget; its ``value`` is what ``predict`` gives for the same options.

    Raises:
        ParameterError: If there is no device, or an option is out of range.
        UnknownNameError: If there is no such figure.
        UnsupportedError: If the figure cannot be computed exactly, or not in the memory given.

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
            f"{device!r}; without one only the links err, which predict computes"
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
    """Return the figure that is asked for; by default the fidelity, or the first."""
    figures = {figure.name: figure for figure in program.figures}
    if not figures:
        raise UnsupportedError("the protocol declares no figure, so that there is nothing to compute exactly")
    if name is None:
        name = "fidelity" if "fidelity" in figures else next(iter(figures))
    return figures[check_name("figure", name, figures)]


def _valued(backend: ExactBackend, compiled: Compiled, figure: Figure, said: list[str]) -> Value:
    """Return what gives the figure's value where only some sources are on, each computed once, and notes what is said."""
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
    """Return what a source costs alone, and what is gained without it."""
    under = frozenset(_UNDER.get(source, ())) & frozenset(on)
    whole = frozenset(each for each in on if source not in _UNDER.get(each, ()))
    alone = value(under) - value(under | {source})
    without = value(whole - {source}) - value(whole)
    return Cost(source, sign * alone, sign * without)


def _said(on: Sequence[str]) -> list[str]:
    """Return what a budget says of sources without a row."""
    off = [name for name in _ALWAYS_SAID if name not in on]
    return [f"off, and so without a row: {', '.join(off)}"] if off else []
