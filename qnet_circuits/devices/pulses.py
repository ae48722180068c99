"""Where pulses decouple a waiting qubit: the one rule for the twin, which models them, and for circuits that carry them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import rustworkx

from qnet_circuits.devices.schedule import Rest, Timed, rests, waits

#: A window shorter than this many pulses is left alone.
SHORTEST = 8
#: When the two X pulses of a window end, as a share of it, by the colour of its wire.
_ENDS = ((1 / 4, 3 / 4), (1 / 2, 1.0))
#: Seconds that an X pulse takes on a wire.
PulseSeconds = Callable[[int], float]
#: When the pulses of each wait end.
Pulses = Mapping[Rest, tuple[float, ...]]


class Window(NamedTuple):
    """A time in which a wire waits, for two pulses."""

    wire: int
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long."""
        return self.end - self.start


def windows(timed: Sequence[Timed], pulse_seconds: PulseSeconds) -> dict[Rest, list[Window]]:
    """Return the windows for pulses in each wait: those parts of it that are long enough.

    A barrier on several wires divides a wait: nothing moves across it, so that the parts are decoupled each on its own.

    Args:
        timed: Operations in order of time.
        pulse_seconds: How long a pulse takes.
    """
    joined: dict[int, set[float]] = {}
    for each in timed:
        if each.name == "barrier" and len(each.wires) > 1:
            for wire in each.wires:
                joined.setdefault(wire, set()).add(each.start)
    found = {}
    for wait in waits(rests(timed)):
        cuts = sorted(time for time in joined.get(wait.wire, ()) if wait.start < time < wait.end)
        parts = [Window(wait.wire, *ends) for ends in itertools.pairwise([wait.start, *cuts, wait.end])]
        found[wait] = [part for part in parts if part.seconds > SHORTEST * pulse_seconds(wait.wire)]
    return found


def pulses(timed: Sequence[Timed], pulse_seconds: PulseSeconds, coupled: Iterable[tuple[int, int]]) -> Pulses:
    """Return when the X pulses of each wait end; those of coupled neighbours are staggered, so that ZZ is undone too.

    Args:
        timed: Operations in order of time.
        pulse_seconds: How long a pulse takes.
        coupled: The pairs of wires that are coupled.
    """
    colour = colours(coupled)
    return {
        wait: tuple(
            window.start + share * window.seconds
            for window in own
            for share in _ENDS[colour.get(wait.wire, 0)]
        )
        for wait, own in windows(timed, pulse_seconds).items()
    }


def colours(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return 0 or 1 for each wire, so that coupled wires differ: every lattice of IBM is bipartite."""
    graph = rustworkx.PyGraph(multigraph=False)
    graph.extend_from_edge_list(list(pairs))
    two = rustworkx.two_color(graph)
    return dict(two) if two else {k: v % 2 for k, v in rustworkx.graph_greedy_color(graph).items()}
