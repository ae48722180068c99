"""What ``layout=`` takes, in plain values: qubits, ``auto``, what a link benchmark measured, or the best by prediction.

For a placement by prediction several are made, and each is predicted exactly, for the noise that the backend is expected to
have.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.compiling.chain_placement import Errors
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.measured_links import MeasuredLinks
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.summary import couplings_by_use
from qnet_circuits.errors import LayoutError, ParameterError, UnsupportedError
from qnet_circuits.programs.figures import Figure, links_of
from qnet_circuits.runs.analysis import Stored, analyse
from qnet_circuits.runs.kept import Kept
from qnet_circuits.runs.options import TRANSPILER, RunOptions, stream_seed
from qnet_circuits.runs.results.result import Result

#: The value of ``layout=`` that asks for the best predicted placement.
PREDICTED = "predicted"
#: Placements that are tried beside the one with the least calibrated error.
TRIALS = 12
#: Seconds that each end of a coupling waits, in the trials in turn: how much waiting counts beside gates and readout.
_WAITS = (0.0, 1e-6, 3e-6)
#: Standard deviation of the logarithm by which the costs of couplings are varied, so that trials differ.
SPREAD = 0.3
_TAKES = "layout must be 'auto', 'predicted' or a list of qubits, or a link benchmark's result or the directory of its run"


def plain_layout(layout: Any, device: Device | None) -> Any:
    """Return a layout in plain values, as a manifest keeps it; qubits go on to whoever judges them.

    Args:
        layout: ``auto``, ``predicted``, a list of qubits, a Result of a link benchmark, or the path of its run.
        device: The device that it is for.

    Raises:
        ParameterError: If it is none of these, or the benchmark was measured elsewhere.
        RecordError: If the run has no outcomes.
        UnsupportedError: If there is no device to choose qubits of.
    """
    if isinstance(layout, str) and layout in ("auto", PREDICTED):
        return layout if device is not None else _without_device()
    if isinstance(layout, Result):
        return _measured(layout, layout.title, device).to_dict()
    if isinstance(layout, str | os.PathLike):
        return _from_directory(layout, device).to_dict()
    if not isinstance(layout, Iterable):
        raise ParameterError(f"{_TAKES}, got {layout!r}")
    return [
        int(qubit) if hasattr(qubit, "__index__") and not isinstance(qubit, bool) else qubit
        for qubit in layout
    ]


def _from_directory(path: str | os.PathLike[str], device: Device | None) -> MeasuredLinks:
    if not os.path.isdir(path):
        raise ParameterError(f"{_TAKES}, got {os.fspath(path)!r}")
    result = result_in(path)
    return _measured(result, f"{result.title}, in {os.fspath(path)}", device)


def result_in(path: str | os.PathLike[str]) -> Result:
    """Return the result of a run's directory.

    Raises:
        RecordError: If there are no outcomes, or the directory cannot be read.
    """
    kept = Kept.read(path, reads_only=True)
    kept.check_collected()
    return analyse(Stored(kept.manifest, kept.manifest.figures, kept.outcomes(), kept.values()), 0.95)


def _without_device() -> NoReturn:
    raise UnsupportedError("a layout needs a device; name one, for example aer:fake_kingston")


def _measured(result: Result, source: str, device: Device | None) -> MeasuredLinks:
    """Return the links of a benchmark's result, if it is one, of this device's chip."""
    if device is None:
        _without_device()
    fidelities = link_fidelities(result, source, device)
    return MeasuredLinks(
        tuple((a, b, min(max(1 - value, 0.0), 1.0)) for (a, b), value in fidelities.items()), source
    )


def link_fidelities(result: Result, source: str, device: Device) -> dict[tuple[int, int], float]:
    """Return the fidelity of each link of a benchmark's result.

    Args:
        result: The result.
        source: Where it comes from, for people.
        device: The device that it must have measured.

    Raises:
        ParameterError: If it is no result of a link benchmark, or the benchmark was measured elsewhere.
    """
    provenance = result.provenance
    pairs = {
        (line[0], line[1]): each.value for line, each in links_of(result.figures).items() if len(line) == 2
    }
    if not pairs:
        kind = (provenance.get("parameters") or {}).get("kind")
        raise ParameterError(
            f"the result of a link-benchmark with kind='edge' is needed, got one of {source}"
            + (f" with kind={kind!r}" if kind else "")
        )
    if provenance.get("layout") is None:
        raise ParameterError(f"{source} was run without a device, so that it measured no link of one")
    measured, asked = _chip(str(provenance.get("backend"))), _chip(device.name)
    if measured not in (None, asked):
        raise ParameterError(
            f"{source} measured the links of {measured}, not of {asked}; give a benchmark of {device.name}"
        )
    return pairs


def _chip(name: str) -> str | None:
    """Return the chip that a backend or a device is named after; None for a file, which may be of any.

    Example:
        >>> _chip("aer:fake_torino"), _chip("ibm:ibm_torino"), _chip("aer:snapshot.json")
        ('torino', 'torino', None)
    """
    label = name.partition(":")[2] or name
    if label.lower().endswith(".json"):
        return None
    return label.removeprefix("calibration ").removeprefix("fake_").removeprefix("ibm_")


def best_predicted(
    options: RunOptions, backend: BaseBackend, seed: int, compiled_with: Callable[[RunOptions], Compiled]
) -> tuple[RunOptions, str]:
    """Return the options of a run with the placement whose first figure is predicted to come closest to its ideal.

    The least calibrated error of gates and readout, by which placements are sought, knows nothing of waiting nor of the SWAPs
    that routing puts in. So several are made, by costs of the couplings that count waiting differently and are varied at
    random, each with a routing of its own, and are compared by the exact engine.

    Args:
        options: The run's options, with the layout ``predicted``.
        backend: Where it will run.
        seed: The run's seed; decides on what is tried.
        compiled_with: Compiles the program, without control experiments, with other options.

    Returns:
        The options with the chosen placement, and what is to be said of it.

    Raises:
        UnsupportedError: If the figure cannot be predicted.
    """
    device = backend.device
    assert device is not None  # plain_layout has refused it.
    engine = ExactBackend("exact", device, backend.expected_noise)
    rng = np.random.default_rng(stream_seed(seed, TRANSPILER, 1))
    tried: list[tuple[float, RunOptions]] = []
    for attempt, layout in enumerate(candidate_layouts(device, rng)):
        chosen = replace(options, layout=layout, attempt=attempt)
        try:
            compiled = compiled_with(replace(chosen, mitigate=False))
        except LayoutError:
            if attempt == 0:
                raise
            continue  # The couplings left by this trial have no room for it.
        tried.append((_lack(engine, compiled), _settled(chosen, compiled)))
    least, best = min(tried, key=lambda trial: trial[0])
    figure = compiled.program.figures[0].name
    said = (
        f"placed by prediction: the best of {len(tried)}, {figure} off its ideal by {least:.4f}; "
        f"the least calibrated error would be off by {tried[0][0]:.4f}"
    )
    return best, said


def candidate_layouts(device: Device, rng: np.random.Generator) -> Iterator[dict[str, Any] | None]:
    """Return what ``layout`` is in each trial: first none, the least calibrated error."""
    yield None
    usable, _ = couplings_by_use(device.calibration)
    errors = Errors.of(device.target)
    for trial in range(TRIALS):
        wait = _WAITS[trial % len(_WAITS)]
        links = []
        for a, b in usable:
            cost = errors.couplings.get(frozenset((a, b)), 0.0)
            cost += sum(errors.readout.get(q, 0.0) / 2 + wait * _decay(device, q) for q in (a, b))
            cost *= math.exp(SPREAD * rng.normal())
            links.append((a, b, 1 - math.exp(-cost)))
        yield MeasuredLinks(tuple(links), "varied calibration").to_dict()


def _decay(device: Device, qubit: int) -> float:
    """Return how much infidelity a second of waiting costs at first, 1/(4 T1) + 1/(2 T2)."""
    calibration = device.calibration
    return 1 / (4 * (calibration.t1(qubit) or math.inf)) + 1 / (2 * (calibration.t2(qubit) or math.inf))


def _settled(chosen: RunOptions, compiled: Compiled) -> RunOptions:
    """Return options that name the qubits, where all circuits lie on the same without SWAPs."""
    layouts = {item.layout for item in compiled.protocol_items()}
    if len(layouts) > 1 or any(item.swaps for item in compiled.protocol_items()):
        return chosen
    return replace(chosen, layout=list(layouts.pop()))


def _lack(engine: ExactBackend, compiled: Compiled) -> float:
    """Return how far the first figure is predicted to be from its ideal value."""
    figures: tuple[Figure, ...] = compiled.program.figures[:1]
    if not figures or figures[0].ideal is None:
        raise UnsupportedError(
            "a layout by prediction needs a declared figure with an ideal value; use layout='auto'"
        )
    found = engine.evaluate(compiled, figures)
    return math.inf if found.empty else abs(found.values[figures[0].name].value - figures[0].ideal)
