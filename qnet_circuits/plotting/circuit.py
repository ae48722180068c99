"""The plot of a circuit: nodes as bands, local gates as boxes, links and messages between the nodes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from qiskit import QuantumCircuit

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.layout import Layout, arrange, fold
from qnet_circuits.plotting.messages import draw_messages
from qnet_circuits.plotting.pen import Pen
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import FAINT, PAGE_WIDTH, PALETTE, listed, new_axes, text_width
from qnet_circuits.plotting.symbols import FONT, SMALL, UNIT, draw_symbol, symbol_width

_NODE_GAP = 0.35
_PANEL_GAP = 0.7
_MARGIN = 0.15
_COLUMN_GAP = 0.26
_BAND = 0.52
#: Half of the height of a row that stands for several qubits, and its colour.
_GAP, _HATCHED = 0.25, "#eeeeee"


@dataclass(frozen=True)
class _Frame:
    """Measures of the whole plot, in units of the distance between two wires.

    Args:
        layout: What is drawn.
        heights: Of the wires, the first panel's.
        lefts: Where each column begins, from 0; one more for the end of the last.
        labels: Width of all that stands left of the wires.
        panels: The columns of each panel.
    """

    layout: Layout
    heights: tuple[float, ...]
    lefts: tuple[float, ...]
    labels: float
    panels: tuple[range, ...]

    @property
    def height(self) -> float:
        """From one panel to the next."""
        return self.heights[0] - self.heights[-1] + 2 * _BAND + _PANEL_GAP

    @property
    def width(self) -> float:
        return max(self.right(panel) for panel in self.panels) + _MARGIN

    def right(self, panel: range) -> float:
        """Return the right end of a panel's wires."""
        return self.labels + self.lefts[panel.stop] - self.lefts[panel.start] + _COLUMN_GAP


def plot_circuit(circuit: QuantumCircuit, ax: Axes | None = None, collapse: bool = True) -> Axes:
    r"""Draw a circuit of nodes, links and messages.

    Each node is a band that holds its wires. Links are orange: ``entangle`` a zigzag with Φ+, ``transmit`` an arrow. A dashed
    blue arrow is the classical message from a measurement to the instruction at another node that waits for it. Instructions
    stand as late as possible, as on a device. Barriers and unused qubits are left out; most qubits of a device are unused. A
    circuit wider than 13 inches is continued below.

    Args:
        circuit: The circuit, with one quantum register for each node.
        ax: Axes to draw on. Default: those of a new Matplotlib figure.
        collapse: Whether in a circuit of more than 12 wires one row replaces many nodes, or many wires, that do the same; the
            first and the last of them are still drawn.

    Returns:
        The axes.

    Raises:
        ParameterError: If the circuit has no qubit.

    Example:
        >>> import qnet_circuits as qn
        >>> ax = qn.RepeaterChain(hops=30).draw()
        >>> [text.get_text() for text in ax.texts if "more" in text.get_text()]
        ['… 27 more nodes\nstation2 to station28']
    """
    if not circuit.qubits:
        raise ParameterError(
            f"a circuit with at least one qubit is needed to draw, {circuit.name!r} has none"
        )
    frame = _measure(arrange(circuit, collapse))
    width, height = frame.width, len(frame.panels) * frame.height - _PANEL_GAP + 2 * _MARGIN
    pen = Pen.on(new_axes(ax, (width * UNIT, height * UNIT), bare=True), (0, width), (-height, 0))
    for number, panel in enumerate(frame.panels):
        _draw_panel(pen, frame, panel, -_MARGIN - _BAND - number * frame.height)
    describe(pen.ax, _words(circuit, frame.layout))
    return pen.ax


def _words(circuit: QuantumCircuit, layout: Layout) -> str:
    """Return the alt text."""
    done = Counter(each.operation.name for each in circuit.data if each.operation.name != "barrier")
    counts = listed([f"{number} {name}" for name, number in done.items()], 20)
    nodes = [register.name for register in circuit.qregs]
    idle = f"; {layout.unused} more do nothing" if layout.unused else ""
    used = circuit.num_qubits - layout.unused
    title = f"Circuit {circuit.name}" if circuit.name else "Circuit"
    return f"{title} of {used} qubits at {listed(nodes) or 'no node'}{idle}: {counts or 'no instructions'}."


def _measure(layout: Layout) -> _Frame:
    heights = [0.0]
    rows = layout.rows
    owners = [_owner(layout, row) for row in range(len(rows.nodes))]
    for above, below in pairwise(owners):
        heights.append(heights[-1] - 1 - _NODE_GAP * (above != below))
    widths = [0.0] * layout.columns
    for placed in layout.placed:
        widths[placed.column] = max(widths[placed.column], symbol_width(placed) + _COLUMN_GAP)
    names = max(text_width(node, 1.1 * FONT) for node in rows.nodes)
    labels = _MARGIN + names + 0.2 + max(text_width(wire, SMALL) for wire in rows.wires) + 0.15
    room = PAGE_WIDTH / UNIT - labels - _COLUMN_GAP - _MARGIN
    lefts = tuple(accumulate(widths, initial=0.0)) if widths else (0.0, 1.0)
    return _Frame(layout, tuple(heights), lefts, labels, tuple(fold(widths, room)))


def _owner(layout: Layout, row: int) -> str | int:
    """Return the node of a row, or the row itself if it stands for several nodes."""
    node = layout.rows.nodes[row]
    return row if row in layout.rows.gaps and not node else node


def _draw_panel(pen: Pen, frame: _Frame, panel: range, top: float) -> None:
    """Draw the columns of one panel below the height ``top``."""
    layout = frame.layout
    heights = [top + height for height in frame.heights]
    edges = (frame.labels, frame.right(panel))
    shift = frame.labels + _COLUMN_GAP / 2 - frame.lefts[panel.start]
    xs = {k: shift + (frame.lefts[k] + frame.lefts[k + 1]) / 2 for k in panel if k < layout.columns}
    _draw_bands(pen, frame, heights, edges[1])
    for row, wire in enumerate(layout.rows.wires):
        pen.text(frame.labels - 0.1, heights[row], wire, SMALL, ha="right")
        if row in layout.rows.gaps:
            band = Rectangle((edges[0], heights[row] - _GAP), edges[1] - edges[0], 2 * _GAP)
            pen.shape(band, _HATCHED, FAINT, 0.015, zorder=1, hatch="///", gid="gap")
            continue
        end = layout.ends.get(row, layout.columns)
        if end >= panel.start:
            ends = [edges[0], xs.get(end, edges[1])]
            pen.line(ends, [heights[row]] * 2, 0.02, color=FAINT, zorder=1, gid="wire")
    for placed in layout.placed:
        if placed.column in xs:
            draw_symbol(pen, placed, xs[placed.column], heights)
        draw_messages(pen, placed, xs, edges, heights)


def _draw_bands(pen: Pen, frame: _Frame, heights: list[float], right: float) -> None:
    """Draw each node as a shaded band with its name at the left."""
    nodes = [node for node in dict.fromkeys(frame.layout.rows.nodes) if node]
    colours = {node: PALETTE[k % len(PALETTE)] for k, node in enumerate(nodes)}
    for owner, rows in groupby(range(len(heights)), key=lambda row: _owner(frame.layout, row)):
        inside, node = list(rows), owner if isinstance(owner, str) else ""
        high, low = heights[inside[0]] + _BAND, heights[inside[-1]] - _BAND
        if node:
            band = Rectangle((_MARGIN / 2, low), right - _MARGIN / 2, high - low)
            pen.shape(band, colours[node], "none", 0, alpha=0.1, zorder=0, gid=f"node {node}")
        pen.text(_MARGIN + 0.05, (high + low) / 2, node, 1.1 * FONT, ha="left", weight="bold")
