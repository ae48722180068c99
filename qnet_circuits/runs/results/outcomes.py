"""From raw outcomes to estimates: corrections are applied, and blocks are joined."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

import numpy as np

from qnet_circuits.backends.base import Raw
from qnet_circuits.errors import NoShotsError, QnetError
from qnet_circuits.programs.conditions import Registers
from qnet_circuits.programs.expressions import Expression
from qnet_circuits.programs.figures import CUT, Figure, Outcomes
from qnet_circuits.programs.program import CONTROL, acceptance_name
from qnet_circuits.runs.manifest import StoredCircuit
from qnet_circuits.theory.estimate import Estimate, proportion
from qnet_circuits.theory.weighted import student

Spread = dict[str, list[float]]
Block = TypeVar("Block")


def corrected_copies(
    circuits: Sequence[StoredCircuit], copies: int, raws: Sequence[Raw], rng: np.random.Generator
) -> list[Outcomes]:
    """Return the outcomes of each copy in a block, with their frames applied; a run without copies has one.

    Args:
        circuits: The circuits.
        copies: Number of copies, at least 1.
        raws: The raw bits of all circuits of the first copy, then those of the second, and so on.
        rng: The random generator of emulated errors.
    """
    found = []
    for number in range(copies):
        own = raws[number * len(circuits) : (number + 1) * len(circuits)]
        counted = [
            {name: bits[: circuit.counted(copies)[number]] for name, bits in raw.items()}
            for circuit, raw in zip(circuits, own, strict=True)
        ]
        found.append(corrected(circuits, counted, rng, spared=copies > 1))
    return found


def corrected(
    circuits: Sequence[StoredCircuit], raws: Sequence[Raw], rng: np.random.Generator, spared: bool = False
) -> Outcomes:
    """Return the outcomes of a run's circuits, with their frames applied.

    It is an error if post-selection leaves a circuit without shots, unless the error is ``spared``: another copy may have
    shots.
    """

    def applied(circuit: StoredCircuit, raw: Raw) -> Registers:
        try:
            return circuit.forms.apply(raw, rng)
        except NoShotsError:
            if not spared:
                raise
            return {name: np.zeros((0, width), dtype=bool) for name, width in circuit.widths.items()}

    return Outcomes(
        {
            circuit.name: applied(circuit, raw)
            for circuit, raw in zip(circuits, raws, strict=True)
            if not circuit.measures_readout
        }
    )


def pooled(blocks: Sequence[Outcomes]) -> Outcomes:
    """Return the outcomes of all blocks together."""
    if len(blocks) == 1:
        return blocks[0]
    return Outcomes(
        {
            item: {name: np.concatenate([block[item][name] for block in blocks]) for name in registers}
            for item, registers in blocks[0].items()
        }
    )


def postselected(circuits: Sequence[StoredCircuit]) -> list[StoredCircuit]:
    """Return the protocol's own circuits if post-selection drops shots of any of them, or else none."""
    own = [circuit for circuit in circuits if not circuit.measures_readout and CONTROL not in circuit.tags]
    return own if any(circuit.forms.accept for circuit in own) else []


def acceptance(
    circuits: Sequence[StoredCircuit],
    figures: Sequence[Figure],
    whole: Outcomes,
    blocks: Sequence[Outcomes],
    level: float,
    shots: Callable[[StoredCircuit], int],
) -> tuple[dict[str, Estimate], dict[str, Spread]]:
    """Return the share of shots that post-selection kept, if it dropped any, and its spread between blocks.

    ``shots`` gives those of a circuit in each block, before post-selection.
    """
    own = postselected(circuits)
    if not own:
        return {}, {}
    asked = sum(map(shots, own))
    if not asked:
        return {}, {}

    def share(_: Figure, found: tuple[Outcomes, int]) -> Estimate:
        outcomes, times = found
        kept = sum(len(next(iter(outcomes[circuit.name].values()))) for circuit in own)
        return proportion(kept, times * asked, level)

    figure = Figure(acceptance_name(figures), Expression(), physical=(0.0, 1.0))
    each = [(block, 1) for block in blocks]
    estimates, _, spreads = estimate_blocks([figure], (whole, len(blocks)), each, share)
    return estimates, spreads


def spread_of(estimate: Estimate, values: Sequence[float], figure: Figure) -> tuple[Estimate, Spread]:
    """Return an estimate whose interval includes the spread between blocks, and both intervals.

    Drifts between blocks affect all shots of a block alike, so the interval of the pooled shots alone may be too narrow. The
    mean of k block values has the interval ±t s/√k of Student's t, with s their standard deviation and k - 1 degrees of
    freedom. The wider of the two intervals counts. A p-value ignores the spread, so it is given only with an interval of the
    pooled shots.

    Args:
        estimate: Of all blocks' shots together.
        values: The figure's value in each block, at least 2.
        figure: The figure; its intervals are cut to its physical range.
    """
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    half = student(len(values), (1 - estimate.level) / 2) * error
    method = f"spread of {len(values)} blocks (Student), wider than {estimate.method.removesuffix(CUT)}"
    around = replace(
        estimate, low=estimate.value - half, high=estimate.value + half, method=method, p_value=None,
        standard_error=error,
    )  # fmt: skip
    wide = figure.within(lambda _: around, estimate.level)
    both = {
        "values": list(values), "shots": [estimate.low, estimate.high], "spread": [wide.low, wide.high]
    }  # fmt: skip
    if wide.high - wide.low <= estimate.high - estimate.low:
        return replace(estimate, method=f"{estimate.method}, wider than the spread of the blocks"), both
    return wide, both


def cut_notes(estimates: Mapping[str, Estimate], kind: str = "") -> list[str]:
    """Return a note on the estimates whose intervals were cut to the physical range."""
    names = [f"{kind}{name}" for name, estimate in estimates.items() if CUT in estimate.method]
    return (
        [f"cut to the values that exist, beyond which the interval reached: {', '.join(names)}"]
        if names
        else []
    )


def estimate_blocks(
    figures: Sequence[Figure],
    whole: Block,
    blocks: Sequence[Block],
    estimate: Callable[[Figure, Block], Estimate],
    spared: tuple[type[QnetError], ...] = (NoShotsError,),
) -> tuple[dict[str, Estimate], dict[str, QnetError], dict[str, Spread]]:
    """Estimate figures with intervals that include the spread between blocks.

    Args:
        figures: The figures.
        whole: The outcomes of all blocks together.
        blocks: The outcomes of each block.
        estimate: Estimates a figure from outcomes.
        spared: Errors that leave a figure without a value. An error for lack of shots is spared only for conditioned figures.

    Returns:
        The estimates, the reasons why other figures have none, and the spread of each figure.
    """
    estimates: dict[str, Estimate] = {}
    refused: dict[str, QnetError] = {}
    spreads: dict[str, Spread] = {}
    for figure in figures:
        try:
            found = estimate(figure, whole)
        except spared as error:
            if isinstance(error, NoShotsError) and not figure.conditioned:
                raise
            refused[figure.name] = error
            continue
        values = []
        for block in blocks if len(blocks) > 1 else ():
            with suppress(*spared):
                values.append(estimate(figure, block).value)
        if len(values) > 1:
            found, spreads[figure.name] = spread_of(found, values, figure)
        estimates[figure.name] = found
    return estimates, refused, spreads
