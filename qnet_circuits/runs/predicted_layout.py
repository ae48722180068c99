"""The best of several placements: each is predicted exactly, for the noise that the backend is expected to have."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from qnet_circuits.backends.base import BaseBackend
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.compiling.chain_placement import Errors
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.measured_links import MeasuredLinks
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.summary import couplings_by_use
from qnet_circuits.errors import LayoutError, UnsupportedError
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Program
from qnet_circuits.runs.compilation import compile_for
from qnet_circuits.runs.options import RunOptions
from qnet_circuits.runs.seeds import TRANSPILER, stream_seed

#: The value of ``layout=`` that asks for the best predicted placement.
PREDICTED = "predicted"
#: Placements that are tried beside the one with the least calibrated error.
TRIALS = 12
#: Seconds that each end of a coupling waits, in the trials in turn: how much waiting counts beside gates and readout.
_WAITS = (0.0, 1e-6, 3e-6)
#: Standard deviation of the logarithm by which the costs of couplings are varied, so that trials differ.
SPREAD = 0.3


def ranked(program: Program, backend: BaseBackend, seed: int, options: RunOptions) -> tuple[RunOptions, str]:
    """Return the options of a run with the placement whose first figure is predicted to come closest to its ideal.

    The least calibrated error of gates and readout, by which placements are sought, knows nothing of waiting nor of the SWAPs
    that routing puts in. So several are made, by costs of the couplings that count waiting differently and are varied at
    random, each with a routing of its own, and are compared by the exact engine.

    Args:
        program: The program, without control experiments.
        backend: Where it will run.
        seed: The run's seed; decides on what is tried.
        options: The run's options, with the layout ``predicted``.

    Returns:
        The options with the chosen placement, and what is to be said of it.

    Raises:
        UnsupportedError: If there is no device, or the figure cannot be predicted.
    """
    device = backend.device
    if device is None:
        raise UnsupportedError(
            "a layout by prediction needs a device; name one, for example aer:fake_kingston"
        )
    engine = ExactBackend("exact", device, backend.expected_noise)
    rng = np.random.default_rng(stream_seed(seed, TRANSPILER, 1))
    tried: list[tuple[float, RunOptions]] = []
    for attempt, layout in enumerate(candidate_layouts(device, rng)):
        chosen = replace(options, layout=layout, attempt=attempt)
        try:
            compiled = compile_for(program, backend, seed, replace(chosen, mitigate=False))
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
