"""The space-time diagram of a shot: nodes side by side, time downwards, messages on their way between them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.bars import draw_legend
from qnet_circuits.plotting.lanes import Places
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import (
    FAINT,
    FONT,
    INK,
    LINK_COLOUR,
    MESSAGE_COLOUR,
    PALETTE,
    SMALLEST,
    listed,
    new_axes,
)

if TYPE_CHECKING:
    from qnet_circuits.runs.story.parts import StoryEvent
    from qnet_circuits.runs.story.story import Story

_US = 1e6
#: Inches: the bar in a lane, the text at the right, and the height.
_BAR, _SAID, _HEIGHT = 0.24, 2.4, 5.5
#: The least height of a bar, and of one that has a digit in it, and the distance of two lines of text, in parts of the plot.
_THIN, _FOR_DIGIT, _LINE = 0.006, 0.035, 0.042
#: Of more bits than these their number is said.
_FEW_BITS = 3
_KINDS = {
    "gate": (PALETTE[0], "gate"),
    "link": (LINK_COLOUR, "link makes a pair"),
    "channel": (PALETTE[4], "qubit crosses, or noise"),
    "measure": (PALETTE[2], "measurement, and its bit"),
    "correction": (PALETTE[3], "correction"),
    "decision": (PALETTE[3], "decision"),
    "reset": (PALETTE[5], "reset"),
    "wait": ("#d9d9d9", "waits"),
}


def plot_story(story: Story, ax: Axes | None = None) -> Axes:
    """Draw the space-time diagram of a shot.

    Nodes stand side by side, and each qubit has a lane in which time runs downwards. A slanted line is a message, drawn at its
    earliest possible time; the text at its end says what arrives. Grey marks the time in which a qubit waits. If there are more
    than eight nodes, the middle ones share one column.

    Args:
        story: A story, as ``tell`` returns it.
        ax: Axes to draw on. Default: those of a new Matplotlib figure.

    Returns:
        The axes, with time in µs.

    Raises:
        ParameterError: If it is not a story.

    Example:
        >>> import qnet_circuits as qn
        >>> ax = qn.plot_story(qn.tell(qn.Teleportation(state="+"), corrections="feedforward", seed=1))
        >>> ax.get_ylabel()
        'time (µs)'
    """
    if not hasattr(story, "moments"):
        raise ParameterError(f"plot_story needs a story, got {type(story).__name__}; give qn.tell(protocol)")
    places = Places.of(story)
    ax = new_axes(ax, (places.width + _SAID + 0.8, _HEIGHT))
    whole = story.duration_s * _US or 1.0
    ax.set_ylim(1.03 * whole, -0.03 * whole)
    ax.set_xlim(0, places.width + _SAID)
    for event in story.events:
        _draw_event(ax, event, places, whole)
    for source, target, sent, arrives in _paths(story, places):
        _draw_message(ax, (source, sent), (target, arrives))
    _write_arrivals(ax, story, places, whole)
    _finish(ax, story, places)
    describe(ax, _words(story))
    return ax


def _draw_event(ax: Axes, event: StoryEvent, places: Places, whole: float) -> None:
    """Draw a bar in the lane of each qubit, and the line of a link or a crossing between its lanes."""
    turning = event.kind == "wait" and len(event.qubits) > 1
    if event.kind not in _KINDS or turning:  # Each of two neighbours that turn has a wait of its own.
        return
    lanes = dict(places.lane(qubit) for qubit in event.qubits)
    for x, several in lanes.items():
        if not (several and event.kind == "wait"):
            _draw_bar(ax, event, x, several, whole)
    if event.kind in ("link", "channel") and len(lanes) > 1:
        middle = (event.time_s + event.end_s) / 2 * _US
        ax.plot(
            [min(lanes), max(lanes)],
            [middle, middle],
            color=_KINDS[event.kind][0],
            linewidth=1.5,
            zorder=2.5,
            gid=event.kind,
        )
    if not event.qubits and event.kind in ("correction", "decision"):
        for node in event.nodes:
            column = places.column(node)
            ax.plot(
                [(column.left + column.right) / 2], [event.end_s * _US], marker="D", markersize=6,
                color=_KINDS[event.kind][0], zorder=4, gid="reading",
            )  # fmt: skip


def _draw_bar(ax: Axes, event: StoryEvent, x: float, several: bool, whole: float) -> None:
    start = event.time_s * _US
    height = max((event.end_s - event.time_s) * _US, _THIN * whole)
    waits = event.kind == "wait"
    bar = Rectangle(
        (x - _BAR / 2, start), _BAR, height, facecolor=_KINDS[event.kind][0], gid=event.kind, hatch="///" if several else None,
        edgecolor=FAINT if waits else "none", linewidth=0.4 * waits, zorder=1 if waits else 2,
    )  # fmt: skip
    ax.add_patch(bar)
    if event.kind == "measure" and event.bits and not several and height > _FOR_DIGIT * whole:
        digits = "".join(map(str, event.bits.values()))
        ax.text(
            x,
            start + height / 2,
            digits,
            size=SMALLEST,
            color="white",
            ha="center",
            va="center",
            zorder=3,
            gid="bit",
        )


def _paths(story: Story, places: Places) -> set[tuple[float, float, float, float]]:
    """Return where and when messages leave and arrive, each way once."""
    found = set()
    for event in story.events:
        if event.kind == "message":
            a, b = (places.column(node) for node in event.nodes)
            ends = (a.right, b.left) if a.left < b.left else (a.left, b.right)
            found |= {(*ends, event.time_s * _US, event.end_s * _US)} if a is not b else set()
    return found


def _draw_message(ax: Axes, sent: tuple[float, float], arrives: tuple[float, float]) -> None:
    ax.annotate(
        "", arrives, sent, zorder=5, gid="message",
        arrowprops={
            "arrowstyle": "-|>", "color": MESSAGE_COLOUR, "linestyle": (0, (5, 2)), "linewidth": 1.1, "shrinkA": 0,
            "shrinkB": 0,
        },
    )  # fmt: skip


def _write_arrivals(ax: Axes, story: Story, places: Places, whole: float) -> None:
    """Write what arrives at the right, each line below the one before it."""
    last = -1.0
    for time, text in _arrivals(story):
        y = max(time * _US, last + _LINE * whole)
        count = text.count("\n")
        last = y + count * _LINE * whole
        ax.text(
            places.width + 0.05,
            y,
            text,
            size=SMALLEST,
            color=MESSAGE_COLOUR,
            ha="left",
            va="top",
            parse_math=False,
            gid="arrival",
        )


def _arrivals(story: Story) -> Iterator[tuple[float, str]]:
    """Yield when something arrives, and what each node hears then."""
    heard: dict[float, dict[str, dict[str, int]]] = {}
    for event in story.events:
        if event.kind == "message" and event.bits:
            time = next((each for each in heard if abs(each - event.end_s) < 1e-12), event.end_s)
            heard.setdefault(time, {}).setdefault(event.nodes[1], {}).update(event.bits)
    lines = [
        (time, [f"{node} hears {_bits(bits)}" for node, bits in nodes.items()])
        for time, nodes in heard.items()
    ]
    lines += [
        (event.end_s, [event.text.rstrip(".")])
        for event in story.events
        if event.kind == "message" and not event.bits
    ]
    for time, said in sorted(lines):
        shown = said if len(said) <= _FEW_BITS else [f"{len(said)} nodes hear something"]
        yield time, "\n".join(wrapped for line in shown for wrapped in textwrap.wrap(line, 34))


def _bits(bits: dict[str, int]) -> str:
    if len(bits) > _FEW_BITS:
        return f"{len(bits)} bits"
    return listed([f"{name}={value}" for name, value in bits.items()])


def _finish(ax: Axes, story: Story, places: Places) -> None:
    for k, column in enumerate(places.columns):
        ax.axvspan(
            column.left - 0.05,
            column.right + 0.05,
            color=FAINT,
            alpha=0.10 + 0.06 * (k % 2),
            linewidth=0,
            zorder=0,
        )
        ax.text(
            (column.left + column.right) / 2, 1.01, column.name, size=FONT, color=INK, ha="center", va="bottom",
            transform=ax.get_xaxis_transform(), parse_math=False,
        )  # fmt: skip
    ax.set_xticks(list(places.labels), list(places.labels.values()), fontsize=SMALLEST, parse_math=False)
    ax.set_ylabel("time (µs)", color=INK)
    title = f"shot {story.shot} of {story.protocol.partition('(')[0]} on {story.backend}, corrections={story.corrections}"
    wide = int((places.width + _SAID) * 72 / (0.62 * FONT))
    ax.set_title(
        "\n".join(textwrap.wrap(title, wide)), fontsize=FONT, loc="left", pad=38 if _two_lines(places) else 24
    )
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    draw_legend(ax, list(_handles(story.events)))


def _two_lines(places: Places) -> bool:
    return any("\n" in column.name for column in places.columns)


def _handles(events: Iterable[StoryEvent]) -> Iterator[Artist]:
    found = {event.kind for event in events}
    for kind, (colour, label) in _KINDS.items():
        if kind in found and not (kind == "decision" and "correction" in found):
            yield Patch(color=colour, label=label)
    if "message" in found:
        yield Line2D([], [], color=MESSAGE_COLOUR, linestyle="--", label="message")


def _words(story: Story) -> str:
    sent = [event for event in story.events if event.kind == "message"]
    told = listed(sorted({f"{a} to {b}" for a, b in (event.nodes for event in sent)})) or "nobody"
    return (
        f"Space-time diagram of shot {story.shot} of {story.protocol} on {story.backend}: {len(story.nodes)} nodes, "
        f"{len(story.events) - 1} events in {story.duration_s * _US:.2f} µs, messages of {told}."
    )
