"""The search for a plan with fewer pairs: gates at other nodes, qubits that stay elsewhere, copies that outlast turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.distributed.embedding import stretches_of
from qnet_circuits.distributed.nodes import Equipment
from qnet_circuits.distributed.ordering import Action, Close, Do, Open, ordered
from qnet_circuits.distributed.packets import SWAP_PAIRS
from qnet_circuits.distributed.plan import Plan
from qnet_circuits.distributed.searching import Search
from qnet_circuits.distributed.steps import Swap
from qnet_circuits.errors import ParameterError

#: Temperatures at which a search begins, in pairs over one link: from a plan without moves, and from a good plan.
_HOT, _WARM = 0.6, 0.1


def improved(
    starts: Sequence[Plan],
    equipment: Equipment,
    distance: NDArray[np.int64],
    free: bool = False,
    seed: int = 0,
) -> tuple[Plan, tuple[Action, ...]]:
    """Return the plan with the fewest pairs that a search finds, and its actions; never more pairs than the best start.

    Searches with fewer and fewer guests at the nodes begin with the best start. Then copies may outlast stretches of their
    qubits (``Stretch``): a search begins with the best plan so far, and another one, without guests, with the best start.
    There is no search if the best start has one pair over the cheapest route: fewer would be none, and then it had none.

    Args:
        starts: Plans, of which the one with the fewest pairs is the beginning.
        equipment: The nodes.
        distance: The cost of a pair between two nodes.
        free: Whether qubits may end at other nodes than they began.
        seed: Seed of the search.
    """

    def cost(each: tuple[Plan, tuple[Action, ...]]) -> int:
        return pairs_of(each[1], equipment, distance)

    best = min(((start, ordered(start, equipment)) for start in starts), key=cost)
    least = int(distance[distance > 0].min(initial=np.iinfo(np.int64).max))
    start, limits, wider = best[0], *(_limits(best[1], equipment, more) for more in (1, 2))
    most = tuple(limit - 1 for limit in limits)
    for guests in dict.fromkeys((most, tuple(min(each, 1) for each in most), (0,) * len(most))):
        if cost(best) > least:
            found = Search(start, distance, guests, free, seed).run(_HOT)
            best = min([best, *_carried_out(found, equipment, limits)], key=cost)
    if cost(best) > least and stretches_of(start.steps):
        for begun, guests, hot in ((best[0], most, _WARM), (start, (0,) * len(most), _HOT)):
            found = Search(begun, distance, guests, free, seed, outlasting=True).run(hot)
            best = min([best, *_carried_out(found, equipment, wider)], key=cost)
    return best


def _carried_out(
    plan: Plan, equipment: Equipment, limits: tuple[int, ...]
) -> list[tuple[Plan, tuple[Action, ...]]]:
    """Return a plan with its actions, or nothing if the guests leave too few communication qubits for the pairs of others."""
    try:
        return [(plan, ordered(plan, replace(equipment, communication=limits)))]
    except ParameterError:
        return []


def pairs_of(actions: Iterable[Action], equipment: Equipment, distance: NDArray[np.int64]) -> int:
    """Return the cost of all pairs that actions make."""
    total, at = 0, equipment.nodes
    for each in actions:
        if isinstance(each, Open):
            total += int(distance[each.source, each.node])
        elif isinstance(each, Do) and isinstance(each.step, Swap):
            total += SWAP_PAIRS * int(distance[at[each.step.a], at[each.step.b]])
    return total


def _limits(actions: Iterable[Action], equipment: Equipment, more: int) -> tuple[int, ...]:
    """Return the communication qubits that each node may use.

    A node without a stated number may use some more than any node does if all qubits stay where they are.
    """
    used: Counter[int] = Counter()
    most = 1
    for each in actions:
        if isinstance(each, Open):
            most = max(most, *(used + equipment.between(each.source, each.node)).values())
            used[each.node] += 1
        elif isinstance(each, Close):
            used[each.node] -= 1
    return tuple(most + more if limit is None else limit for limit in equipment.communication)
