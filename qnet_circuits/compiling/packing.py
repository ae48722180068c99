"""Packing: which places of a program on a device are taken side by side, as many as there can be."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from qnet_circuits.compiling.embedding import Layout
from qnet_circuits.compiling.prices import Edge
from qnet_circuits.errors import LayoutError

#: Nodes of the solver's search after which the best packing that it knows is taken, though a larger one may exist: no seconds,
#: so that every machine finds the same.
_PATIENCE = 1000


@dataclass(frozen=True)
class Spot:
    """A place of a program on a device.

    Args:
        layout: The physical qubit of each wire.
        loss: What is lost there, by the calibration.
    """

    layout: Layout
    loss: float


@dataclass(frozen=True)
class Packing:
    """Places side by side.

    Args:
        spots: The places.
        among: How many places there were to choose among.
        proven: Whether it is known that no more of these fit.
    """

    spots: tuple[Spot, ...]
    among: int
    proven: bool = True


def packed(
    spots: Iterable[Spot], couplings: Collection[Edge], holds: Callable[[Spot], bool], asked: int | None
) -> Packing:
    """Return places that share no qubit: as many as there can be, or as many as are asked for, with the least loss.

    A place is only looked at closely if it would be taken. One that does not hold drops out, and the rest is packed anew. So
    what is returned is a maximum of all places that hold, although not all of them were looked at. Places that no coupling
    joins are preferred to others, if as many of them fit.

    Args:
        spots: The places to choose among.
        couplings: The couplings of the device.
        holds: Tells whether a place is good enough.
        asked: How many places are wanted; None for as many as there can be.

    Raises:
        LayoutError: If some fit, but fewer than are asked for.
    """
    left, proven = sorted(spots, key=lambda spot: (spot.loss, spot.layout)), True
    among = len(left)
    while left:
        count = asked
        if count is None:
            count, proven = _most(left)
        chosen = _best(left, count, couplings)
        if not chosen:
            break
        failing = {spot for spot in chosen if not holds(spot)}
        if not failing:
            return Packing(tuple(sorted(chosen, key=left.index)), among, proven)
        left = [spot for spot in left if spot not in failing]
    fit = 0 if asked is None else len(packed(left, couplings, holds, None).spots)
    if not fit:
        return Packing((), among, proven)
    raise LayoutError(
        f"copies={asked} do not fit side by side, {fit} do: ask for {fit} or fewer, or allow worse ones"
    )


def _most(spots: Sequence[Spot]) -> tuple[int, bool]:
    """Return how many places fit side by side, and whether that is proven."""
    chosen, proven = _solved(spots, _qubits(spots), [1.0] * len(spots))
    return len(chosen), proven


def _best(spots: Sequence[Spot], count: int, couplings: Collection[Edge]) -> list[Spot]:
    """Return so many places with the least loss, without a coupling between two of them if there are as many; none if not."""
    worth = [math.exp(-spot.loss) for spot in spots]
    for groups in ([*_qubits(spots), *couplings], _qubits(spots)):
        chosen, _ = _solved(spots, groups, worth, count)
        if chosen:
            return chosen
    return []


def _qubits(spots: Sequence[Spot]) -> list[Edge]:
    return [frozenset((qubit,)) for qubit in sorted({qubit for spot in spots for qubit in spot.layout})]


def _solved(
    spots: Sequence[Spot], groups: Iterable[Edge], worth: Sequence[float], count: int | None = None
) -> tuple[list[Spot], bool]:
    """Return the places that are worth most together, and whether that is proven; of each group of qubits one place has some.

    This is set packing, solved as an integer program.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    rows = [[not group.isdisjoint(spot.layout) for spot in spots] for group in groups]
    rules = [LinearConstraint(csr_array(np.array(rows, dtype=float)), ub=1)]
    if count is not None:
        rules.append(LinearConstraint(np.ones((1, len(spots))), count, count))
    found = milp(
        -np.array(worth), constraints=rules, integrality=np.ones(len(spots)), bounds=Bounds(0, 1),
        options={"node_limit": _PATIENCE},
    )  # fmt: skip
    taken = [] if found.x is None else [spot for spot, x in zip(spots, found.x, strict=True) if x > 0.5]
    return taken, found.status == 0
