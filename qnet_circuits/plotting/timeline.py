"""The plot of a circuit in time: the operations of each qubit on a device, and its waiting times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon

from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.classical import read_bits
from qnet_circuits.compiling.compiled import Compiled, CompiledItem
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.devices.schedule import Timed, makespan, rests, waits
from qnet_circuits.plotting.bars import draw_legend
from qnet_circuits.plotting.lives import WAIT, Row, kind_of, rows_of
from qnet_circuits.plotting.placed_item import placed_item
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import (
    FAINT,
    FONT,
    INK,
    LINK_COLOUR,
    MESSAGE_COLOUR,
    PALETTE,
    SMALLEST,
    new_axes,
    text_width,
)

_MICROSECONDS = 1e6
_HEIGHT = 0.56
#: Inches that a new plot is wide, how much of it is for the bars, and the height of a row.
_WIDTH, _BARS, _ROW = 9.5, 6.5, 0.42
#: Messages to one decision from more qubits than these are drawn as one.
_FEW_SENDERS = 4
_KINDS = {
    "gate": (PALETTE[0], "gate on one qubit"),
    "pair": (PALETTE[1], "gate on two qubits"),
    "measure": (PALETTE[2], "measurement"),
    "decision": (PALETTE[3], "decision and its gate"),
    "reset": (PALETTE[4], "reset"),
    WAIT: ("#d9d9d9", "waits, and decays"),
}
_MORE = "#eeeeee"


def plot_timeline(
    compiled: Compiled, noise: DeviceNoise | None = None, item: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw when each qubit of a compiled circuit works, and when it waits and decays.

    Operations happen as late as possible. Grey marks the time in which a qubit holds a state without an operation and relaxes
    with T1 and T2. A blue arrow is a measured bit on its way to a decision, including the feed-forward latency; bits of many
    qubits share one blue area. A qubit that is sent without a gate has a row at each node, with an orange arrow in between. In
    a circuit of more than 12 rows, one row replaces many nodes that do the same; the first and the last of them are still
    drawn.

    Args:
        compiled: A program compiled for a device.
        noise: The noise with the feed-forward latency. Default: ``DeviceNoise()``.
        item: Name of the circuit; the first by default.
        ax: Axes to draw on. Default: those of a new Matplotlib figure.

    Returns:
        The axes, with time in µs.

    Raises:
        ParameterError: If it is not a compiled program.
        UnsupportedError: If the program was compiled for no device, which has no durations.
        UnknownNameError: If there is no such circuit.

    Example:
        >>> import qnet_circuits as qn
        >>> compiled = qn.compile(qn.Teleportation(state="+"), "aer:fake_kingston", corrections="feedforward")
        >>> ax = qn.plot_timeline(compiled)
        >>> ax.get_xlabel()
        'time (µs)'
    """
    chosen, device = placed_item(compiled, item, "plot_timeline", "nothing takes time")
    timed = Twin(Usable(device.calibration), noise).timed(chosen.circuit, chosen.qubits)
    title = f"{chosen.name} on {device.name}, corrections={chosen.lowered.mode}"
    return _draw(chosen, timed, title, ax)


def _draw(item: CompiledItem, timed: Sequence[Timed], title: str, ax: Axes | None) -> Axes:
    """Draw a circuit in time."""
    rows, end = rows_of(item, timed, waits(rests(timed))), makespan(timed)
    ax = new_axes(ax, (_WIDTH, 1.5 + _ROW * len(rows)))
    place = {life: line for line, row in enumerate(rows) for life in row.lives}
    wires = {
        wire: [(life, line) for life, line in place.items() if life.wire == wire]
        for wire in {life.wire for life in place}
    }

    def row_of(wire: int, time: float) -> int:
        return next(
            (line for life, line in wires[wire] if life.since <= time < life.until), wires[wire][-1][1]
        )

    for line, row in enumerate(rows):
        _draw_row(ax, line, row, end)
    for each in timed:
        if kind_of(each) == "pair" and each.end > each.start:
            ends = sorted(row_of(wire, each.start) for wire in each.wires)
            middle = (each.start + each.end) / 2 * _MICROSECONDS
            ax.plot([middle] * 2, [ends[0], ends[-1]], color=_KINDS["pair"][0], linewidth=1.2, zorder=1.5)
    for own in wires.values():
        for (_, before), (life, after) in pairwise(own):
            if before != after:
                _draw_arrow(ax, (life.since, before), (life.since, after), LINK_COLOUR, "sent")
    _draw_messages(ax, timed, row_of)
    _finish(ax, rows, end, title)
    describe(ax, _words(rows, end, title))
    return ax


def _draw_row(ax: Axes, line: int, row: Row, end: float) -> None:
    """Draw the bars of a row; a row that stands for several has one, from the first begin to the last end."""
    bars = [bar for life in row.lives for bar in life.bars]
    if len(row.lives) > 1:
        busy = [bar for bar in bars if bar.kind != WAIT] or bars
        if busy:
            start, stop = min(bar.start for bar in busy), max(bar.end for bar in busy)
            _draw_bar(
                ax, line, start, stop, color=_MORE, edgecolor=FAINT, hatch="///", linewidth=0.4, gid="more"
            )
        return
    for bar in bars:
        waiting = bar.kind == WAIT
        edge = {"edgecolor": FAINT, "linewidth": 0.4, "zorder": 1} if waiting else {"zorder": 2}
        _draw_bar(ax, line, bar.start, bar.end, color=_KINDS[bar.kind][0], gid=bar.kind, **edge)
        text = f"waits {(bar.end - bar.start) * _MICROSECONDS:.3g} µs"
        if waiting and (bar.end - bar.start) / end * _BARS * 72 > text_width(text, SMALLEST) + 8:
            middle = (bar.start + bar.end) / 2 * _MICROSECONDS
            ax.text(
                middle, line, text, size=SMALLEST, color=INK, ha="center", va="center", zorder=4,
                bbox={"facecolor": _KINDS[WAIT][0], "edgecolor": "none", "pad": 1},
            )  # fmt: skip


def _draw_bar(ax: Axes, line: int, start: float, end: float, **style: Any) -> None:
    ax.barh(line, (end - start) * _MICROSECONDS, _HEIGHT, start * _MICROSECONDS, **style)


def _draw_arrow(ax: Axes, start: tuple[float, int], end: tuple[float, int], colour: str, gid: str) -> None:
    """Draw a dashed arrow from a time and a row to a time and a row."""
    (since, above), (until, below) = start, end
    arrow = ax.annotate(
        "", (until * _MICROSECONDS, below), (since * _MICROSECONDS, above), zorder=3,
        arrowprops={"arrowstyle": "-|>", "color": colour, "linestyle": "--", "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    arrow.set_gid(gid)


def _draw_messages(ax: Axes, timed: Sequence[Timed], row_of: Callable[[int, float], int]) -> None:
    """Draw the messages that each decision waits for: an arrow from each measurement, or one area from those of many qubits."""
    measured: dict[int, Timed] = {}
    areas: dict[int, list[tuple[Timed, list[Timed]]]] = {}
    for each in sorted(timed, key=lambda each: each.position):
        if each.name == "measure":
            measured[each.bits[0]] = each
        elif read_bits(each.instruction):
            sent = [measured[bit] for bit in each.bits if bit in measured]
            target = row_of(each.wires[0], each.start)
            senders = {(row_of(one.wires[0], one.start), one.end) for one in sent}
            if len(sent) > _FEW_SENDERS:
                areas.setdefault(target, []).append((each, sent))
                continue
            for line, end in senders:
                _draw_arrow(ax, (end, line), (each.start, target), MESSAGE_COLOUR, "message")
    for target, decisions in areas.items():
        _draw_area(ax, target, decisions, row_of)


def _draw_area(
    ax: Axes, target: int, decisions: Sequence[tuple[Timed, list[Timed]]], row_of: Callable[[int, float], int]
) -> None:
    """Draw the messages of many qubits to one row as an area, with the number of bits and how long they take."""
    sent = [one for _, many in decisions for one in many]
    lines = [row_of(one.wires[0], one.start) for one in sent]
    begin, end = max(one.end for one in sent), min(each.start for each, _ in decisions)
    corners = [(begin, min(lines)), (begin, max(lines)), (end, target)]
    points = [(time * _MICROSECONDS, line) for time, line in corners]
    ax.add_patch(
        Polygon(points, facecolor=MESSAGE_COLOUR, alpha=0.18, linewidth=0, zorder=2.2, gid="messages")
    )
    said = f"{len({bit for one in sent for bit in one.bits})} bits, {(end - begin) * _MICROSECONDS:.3g} µs"
    x, y = (sum(each) / 3 for each in zip(*points, strict=True))
    ax.text(x, y, said, size=FONT, color=MESSAGE_COLOUR, ha="center", va="center", zorder=4)


def _finish(ax: Axes, rows: Sequence[Row], end: float, title: str) -> None:
    ax.set_yticks(range(len(rows)), [row.label for row in rows], size=FONT, parse_math=False)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    whole = end * _MICROSECONDS or 1.0
    ax.set_xlim(-0.01 * whole, 1.01 * whole)
    ax.set_xlabel("time (µs)", color=INK, size=FONT)
    ax.set_title(title, size=FONT + 2, parse_math=False)
    ax.spines[["top", "right"]].set_visible(False)
    drawn = {artist.get_gid() for artist in ax.get_children()}
    handles: list[Artist] = [
        Patch(color=colour, label=label) for kind, (colour, label) in _KINDS.items() if kind in drawn
    ]
    if "more" in drawn:
        handles.append(Patch(facecolor=_MORE, edgecolor=FAINT, hatch="///", label="several qubits at work"))
    for gid, colour, label in (
        ("message", MESSAGE_COLOUR, "bit on its way"),
        ("sent", LINK_COLOUR, "qubit is sent"),
    ):
        if gid in drawn:
            handles.append(Line2D([], [], color=colour, ls="--", lw=0.9, marker=">", ms=4, label=label))
    draw_legend(ax, handles, 4)


def _words(rows: Sequence[Row], end: float, title: str) -> str:
    """Return the alt text."""
    lives = [life for row in rows for life in row.lives]
    waits = {
        life.name: sum(bar.end - bar.start for bar in life.bars if bar.kind == WAIT) * _MICROSECONDS
        for life in lives
    }
    longest = max(waits, key=lambda name: waits[name])
    waiting = f"{longest} waits longest, {waits[longest]:.3g} µs" if waits[longest] else "no qubit waits"
    return f"Timeline: {title}. {len(lives)} qubits work for {end * _MICROSECONDS:.3g} µs; {waiting}."
