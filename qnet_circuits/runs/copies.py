"""Copies of a program in a run: the circuits that run, the exact values of each copy, and the entries of a result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from qnet_circuits.backends.base import BaseBackend, Evaluation, Evaluator, Raw
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.compiling.copies import of_copy, qubits_of, touching_couplings
from qnet_circuits.compiling.merging import taken_apart, together
from qnet_circuits.compiling.prices import gates_of
from qnet_circuits.errors import NoShotsError
from qnet_circuits.programs.figures import Figure
from qnet_circuits.runs.options import WORST_COPY, RunOptions
from qnet_circuits.theory.estimate import Estimate


def played_on(compiled: Compiled, backend: BaseBackend) -> Compiled:
    """Return the circuits as a backend runs them: on a machine each holds all copies, in a simulation each holds one copy."""
    here = backend.simulated and not backend.capabilities.remote
    return compiled if here else together(compiled)


def copies_apart(block: list[Raw], copies: int, circuits: int) -> list[Raw]:
    """Return the raw bits of each circuit of each copy.

    Args:
        block: The outcomes of a block, from circuits that hold all copies or from a circuit for each copy.
        copies: Number of copies.
        circuits: Number of circuits of all copies.
    """
    return block if len(block) == circuits else list(taken_apart(block, copies))


def copy_name(name: str, number: int) -> str:
    """Return the name under which the value of a copy's figure is stored; copy 0 is all copies together."""
    return f"{name}@{number}" if number else name


def evaluated_copies(
    engine: Evaluator, compiled: Compiled, figures: Sequence[Figure], whole: Evaluation
) -> dict[int, Mapping[str, Estimate]]:
    """Return the exact values of figures: those of all copies together under 0, and those of each copy under its number."""
    found = {0: whole.values}
    for number in range(1, compiled.copies + 1):
        found[number] = engine.evaluate(compiled, [of_copy(figure, number) for figure in figures]).values
    return found


def accepted_copies(
    compiled: Compiled, accepted: Mapping[str, float], shots: Sequence[int]
) -> dict[str, float]:
    """Return the share of shots that post-selection keeps, if it drops any, for all copies together and for each.

    Args:
        compiled: The compiled program.
        accepted: The accepted share of each circuit's shots.
        shots: The shots of each circuit of the program.
    """
    program, kept = compiled.program, {}
    for number in range(compiled.copies + 1):
        own = {item.name: accepted[copy_name(item.name, number)] for item in program} if accepted else {}
        kept.update(
            {copy_name(name, number): share for name, share in program.acceptance(own, shots).items()}
        )
    return kept


def described_copies(compiled: Compiled, options: RunOptions) -> dict[str, Any]:
    """Return the manifest's entries on copies, with the chip's couplings for its plot; empty if there are no copies."""
    if not compiled.copies or compiled.device is None:
        return {}
    figures = compiled.program.figures
    judged = next((figure.name for figure in figures if figure.judges), None)
    judged = judged or next((figure.name for figure in figures), None)
    touching = [[list(pair), list(numbers)] for pair, numbers in touching_couplings(compiled)]
    chosen = options.layout in (None, "auto")
    worst = WORST_COPY if options.worst_copy is None else options.worst_copy
    return {
        "count": compiled.copies,
        "figure": judged,
        "worst_copy": worst if chosen else None,
        "qubits": qubits_of(compiled),
        "touching": touching,
        "couplings": sorted(sorted(edge) for edge in gates_of(compiled.device)),
    }


def figures_of_copies(
    estimates: Sequence[Mapping[str, Estimate]], predicted: Sequence[Mapping[str, float]]
) -> dict[str, dict[str, Any]]:
    """Return for each figure its values by copy, with intervals and predictions, and their standard deviation.

    Args:
        estimates: The estimates of each copy, without figures that have no value.
        predicted: The exact values of each copy for the same description of noise, if computed.
    """
    plain: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(name for each in estimates for name in each):
        found = [each.get(name) for each in estimates]
        values = [one.value for one in found if one is not None]
        plain[name] = {
            **{end: [one and getattr(one, end) for one in found] for end in ("value", "low", "high")},
            **(
                {"predicted": [each.get(name) for each in predicted]}
                if any(name in e for e in predicted)
                else {}
            ),
            "standard_deviation": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        }
    return plain


def by_copy(values: Mapping[str, Any], copies: int) -> list[dict[str, Any]]:
    """Return the values of each copy from values by name.

    Example:
        >>> by_copy({"fidelity": 0.8, "fidelity@1": 0.9, "fidelity@2": 0.7}, 2)
        [{'fidelity': 0.9}, {'fidelity': 0.7}]
    """
    whole = of_all(values)
    return [
        {name: values[copy_name(name, number)] for name in whole if copy_name(name, number) in values}
        for number in range(1, copies + 1)
    ]


def of_all(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of all copies together from values by name."""
    return {name: value for name, value in values.items() if "@" not in name}


def estimated(figures: Sequence[Figure], estimate: Callable[[Figure], Estimate]) -> dict[str, Estimate]:
    """Return the estimates of the figures of one copy, without figures for which no shot of it counts."""
    found = {}
    for figure in figures:
        try:
            found[figure.name] = estimate(figure)
        except NoShotsError:
            continue
    return found
