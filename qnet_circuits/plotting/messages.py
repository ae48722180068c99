"""The classical messages of a circuit's plot: dashed arrows that run between the wires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qnet_circuits.plotting.layout import Placed, Source
from qnet_circuits.plotting.pen import Pen
from qnet_circuits.plotting.style import MESSAGE_COLOUR
from qnet_circuits.plotting.symbols import BOX, draw_head

#: From how many messages on one side of a box they are drawn as one.
MERGED = 4
_SLOT, _LANE = 0.2, 0.06


def draw_messages(
    pen: Pen, placed: Placed, xs: Mapping[int, float], edges: tuple[float, float], heights: Sequence[float]
) -> None:
    """Draw the messages that an instruction waits for, as far as they lie in one panel.

    Args:
        pen: What draws.
        placed: The instruction.
        xs: Centres of the panel's columns.
        edges: Left and right end of the panel's wires.
        heights: Heights of the wires.
    """
    for row, sign in ((min(placed.rows), 1), (max(placed.rows), -1)):
        sources = [source for source in placed.sources if (row - source.row) * sign > 0]
        # The farthest comes in at the right, so that the messages do not cross.
        sources.sort(key=lambda source: abs(source.row - row))
        merged = len(sources) >= MERGED
        for k, source in enumerate(sources):
            slot = 0.0 if merged else (k - (len(sources) - 1) / 2) * _SLOT
            arrives = not merged or k == len(sources) - 1
            tip = heights[row] + sign * BOX / 2 if arrives else None
            if xs and source.column <= max(xs) and placed.column >= min(xs):
                end = xs[placed.column] + slot if placed.column in xs else None
                _draw_message(
                    pen, source, heights[source.row], (xs.get(source.column), end), tip, sign, edges
                )


def _draw_message(
    pen: Pen, source: Source, height: float, ends: tuple[float | None, float | None], tip: float | None, sign: int,
    edges: tuple[float, float],
) -> None:  # fmt: skip
    """Draw a message out of its box, along its wire, and to the tip of its arrow, or to where it meets a farther one."""
    start, end = ends
    channel = height - sign * (BOX / 2 + 0.07 + _LANE * (source.lane % 3))
    points = [(edges[0], channel)] if start is None else [(start, height - sign * BOX / 2), (start, channel)]
    points.append((edges[1] if end is None else end, channel))
    if end is not None and tip is not None:
        points.append((end, tip + 0.1 * sign))
        draw_head(pen, end, tip, sign > 0, MESSAGE_COLOUR, "message")
    elif end is not None:
        pen.disc(end, channel, 0.045, MESSAGE_COLOUR, MESSAGE_COLOUR)
    xs, ys = zip(*points, strict=True)
    pen.line(xs, ys, 0.024, color=MESSAGE_COLOUR, zorder=2.5, ls=(0, (4, 2.5)), gid="path")
