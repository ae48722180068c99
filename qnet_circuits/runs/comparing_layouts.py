"""Predicted figures of a program on this library's placement and on those of Qiskit's compiler, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.backends.registry import exact_of
from qnet_circuits.backends.simulation.contraction import DEFAULT_MEMORY
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.compiler import lowered_for
from qnet_circuits.compiling.level3 import placed_by_level_3
from qnet_circuits.errors import NoShotsError, ParameterError, check_count
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.given import Runnable
from qnet_circuits.runs.error_budget import figure_of
from qnet_circuits.runs.options import RunOptions, check_arguments, takes_options
from qnet_circuits.runs.preparing import compile_for, prepare


@dataclass(frozen=True)
class PlacedFigure:
    """The predicted value of a figure on one placement.

    Args:
        source: The origin of the placement: ``auto``, ``named``, ``measured links``, or ``level 3`` with its seed.
        layout: The physical qubits of each placement, in program order.
        swaps: The largest number of SWAPs in a circuit.
        value: The predicted value, exact for the stated noise.
    """

    source: str
    layout: list[list[int]]
    swaps: int
    value: float


@takes_options
def compare_layouts(
    protocol: Runnable,
    device: Any,
    *,
    figures: Iterable[Figure] | None = None,
    figure: str | None = None,
    seeds: int = 1,
    memory: float = DEFAULT_MEMORY,
    **options: Any,
) -> list[PlacedFigure]:
    """Return the exact value of a figure on this library's placement, and on the placements of Qiskit's compiler at level 3.

    All placements are compiled and predicted alike, so the rows differ only in their qubits. From level 3 only the initial
    qubits of the wires are taken. If SWAPs are then needed, this library inserts them between fences.

    Args:
        protocol: A protocol, a program, or a ``QuantumCircuit``, or several by name, with figures.
        device: The name of a stand-in device, the path of a snapshot, a calibration, a ``Device``, or a backend with a device.
        figures: The figures of plain circuits, in which a single circuit has the name ``circuit``; refused for all else.
        figure: Name of the figure. Default: ``fidelity`` if the program declares it, otherwise the first figure.
        seeds: Number of seeds for level 3, 1 to 1000. The seeds are 0, 1, and so on. Each distinct placement has one row.
        memory: The most bytes that a contraction may take. Default 2 GiB.
        **options: Options:

    Returns:
        The rows: first the placement by the options, then those of level 3.

    Raises:
        ParameterError: If there is no device, or the protocol places its circuits itself.
        UnknownNameError: If there is no such figure.
        UnsupportedError: If the figure cannot be computed exactly, or not within ``memory``.
        NoShotsError: If the figure has no value.

    Example:
        >>> import qnet_circuits as qn
        >>> ours, qiskit = qn.compare_layouts(qn.RepeaterChain(hops=2), "fake_manila")
        >>> ours.source, qiskit.source, len(qiskit.layout[0]), ours.value > qiskit.value - 0.002
        ('auto', 'level 3, seed 0', 4, True)
    """
    check_arguments(figure=figure, memory=memory)
    check_count("seeds", seeds, 1, 1000)
    asked = RunOptions.of("compare_layouts", options)
    exact = exact_of(device, memory)
    if exact.device is None:
        raise ParameterError(
            f"layouts need a device, such as fake_kingston (--on fake_kingston), got {device!r}"
        )
    prepared = prepare(protocol, exact, asked, figures, shared=True)
    backend, settled, compiled = prepared.backend, prepared.options, prepared.compiled
    assert isinstance(backend, ExactBackend) and backend.device is not None
    chosen = figure_of(compiled.program, figure)
    rows = [_row(_source(settled.layout), backend, compiled, chosen)]
    lowered = lowered_for(compiled.program, backend.device, settled.corrections, settled.carrier, False)
    circuits = [low.circuit for low in lowered]
    seen = set()
    for seed in range(seeds):
        program = placed_by_level_3(compiled.program, circuits, backend.device, seed)
        layouts = tuple(item.layout for item in program)
        if layouts not in seen:
            seen.add(layouts)
            other = compile_for(program, backend, replace(settled, layout=None))
            rows.append(_row(f"level 3, seed {seed}", backend, other, chosen))
    return rows


def _source(layout: Any) -> str:
    if isinstance(layout, Mapping):
        return "measured links"
    return "auto" if layout is None or isinstance(layout, str) else "named"


def _row(source: str, backend: ExactBackend, compiled: Compiled, figure: Figure) -> PlacedFigure:
    found = backend.evaluate(compiled, [figure])
    if found.empty:
        raise NoShotsError(f"{figure.name} has no value: {found.empty[figure.name]}")
    swaps = max(item.swaps for item in compiled)
    return PlacedFigure(source, compiled.layout or [], swaps, found.values[figure.name].value)
