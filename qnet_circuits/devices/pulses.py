"""Where pulses decouple a waiting qubit: the one rule for the twin, which models them, and for circuits that carry them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import rustworkx

from qnet_circuits.devices.schedule import Rest, Timed

#: A wait shorter than this many pulses is left alone.
SHORTEST = 8
#: When the two X pulses of a wait end, as a share of it, by the colour of its wire.
ENDS = ((1 / 4, 3 / 4), (1 / 2, 1.0))


def joints(timed: Iterable[Timed]) -> dict[int, list[tuple[float, int]]]:
    """Return, for each wire, when barriers join it with others, and their positions in the circuit.

    Nothing moves across such a barrier, so that the waits before and after it are decoupled each on its own.
    """
    found: dict[int, list[tuple[float, int]]] = {}
    for each in timed:
        if each.name == "barrier" and len(each.wires) > 1:
            for wire in each.wires:
                found.setdefault(wire, []).append((each.start, each.position))
    return found


def pieces(wait: Rest, joined: Mapping[int, Sequence[tuple[float, int]]]) -> list[Rest]:
    """Return the parts of a wait between the barriers that join its wire with others."""
    cuts = sorted({time for time, _ in joined.get(wait.wire, ()) if wait.start < time < wait.end})
    ends = [wait.start, *cuts, wait.end]
    return [Rest(wait.wire, start, start, end) for start, end in itertools.pairwise(ends)]


def decoupled(wait: Rest, pulse_seconds: float) -> bool:
    """Tell whether a wait is long enough for two pulses.

    Example:
        >>> [decoupled(Rest(0, 0.0, 0.0, seconds), 60e-9) for seconds in (1e-6, 0.4e-6)]
        [True, False]
    """
    return wait.seconds > SHORTEST * pulse_seconds


def colours(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return 0 or 1 for each wire, so that coupled wires differ: every lattice of IBM is bipartite.

    The pulses of coupled neighbours are staggered by their colours, so that ZZ between them is undone too.
    """
    graph = rustworkx.PyGraph(multigraph=False)
    graph.extend_from_edge_list(list(pairs))
    two = rustworkx.two_color(graph)
    return dict(two) if two else {k: v % 2 for k, v in rustworkx.graph_greedy_color(graph).items()}
