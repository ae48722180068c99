"""The symbols of a circuit's plot, in units of the distance between two wires."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.patches import Arc, Polygon, Rectangle
from qiskit.circuit import ControlFlowOp, ControlledGate, Operation

from qnet_circuits.plotting.layout import Placed, base_gate
from qnet_circuits.plotting.pen import Pen
from qnet_circuits.plotting.style import INK, LINK_COLOUR, MESSAGE_COLOUR, PAPER, text_width
from qnet_circuits.programs.instructions import CORRECT, ENTANGLE, TRANSMIT

#: Inches per unit where there is room, height of a box, and sizes of text.
UNIT = 0.62
BOX = 0.64
FONT, SMALL = 9 / 72 / UNIT, 7.5 / 72 / UNIT
_DOT, _RING = 0.07, 0.16
_PALE_BLUE, _PALE_GREY = "#dcebf7", "#eeeeee"


def symbol_width(placed: Placed) -> float:
    """Return how much room an instruction's symbol takes along its wire."""
    operation = placed.instruction.operation
    if operation.name == ENTANGLE:
        return 0.8
    if _dots_only(placed):
        return 0.45
    return max(BOX, text_width(placed.label, _size(operation)) + 0.12)


def _size(operation: Operation) -> float:
    return SMALL if operation.name in ("measure", CORRECT) else FONT


def _dots_only(placed: Placed) -> bool:
    name = base_gate(placed.instruction.operation).name
    return name in (TRANSMIT, "swap") or (len(placed.rows) > 1 and name in ("x", "z"))


def draw_head(pen: Pen, x: float, y: float, down: bool, colour: str, gid: str) -> None:
    """Draw the head of a vertical arrow whose tip is at (x, y)."""
    back = y + (0.15 if down else -0.15)
    pen.shape(Polygon([(x, y), (x - 0.07, back), (x + 0.07, back)]), colour, "none", zorder=4, gid=gid)


def draw_symbol(pen: Pen, placed: Placed, x: float, heights: Sequence[float]) -> None:
    """Draw an instruction at ``x``; ``heights`` are those of the circuit's wires."""
    name, ys = placed.instruction.operation.name, [heights[row] for row in placed.rows]
    if name == ENTANGLE:
        _draw_entangle(pen, x, ys, heights)
    elif name == TRANSMIT:
        _draw_transmit(pen, x, ys)
    elif name == "measure":
        _draw_meter(pen, placed, x, ys[0])
    else:
        _draw_gate(pen, placed, x, ys)


def _draw_entangle(pen: Pen, x: float, ys: Sequence[float], heights: Sequence[float]) -> None:
    """Draw a zigzag, straight at both ends, and Φ+ beside it just below the upper wire."""
    high, low = max(ys), min(ys)
    teeth = max(4, 2 * round((high - low - 0.3) / 0.2))
    step = (high - low - 0.3) / teeth
    side = [0.0, *(0.07 * (-1) ** k for k in range(teeth)), 0.0]
    down = [high - 0.15, *(high - 0.15 - (k + 0.5) * step for k in range(teeth)), low + 0.15]
    xs, down = [x, *(x + dx for dx in side), x], [high, *down, low]
    pen.line(xs, down, 0.03, color=LINK_COLOUR, gid="entangle")
    for y in (high, low):
        pen.disc(x, y, _DOT, LINK_COLOUR, LINK_COLOUR)
    below = max(height for height in heights if height < high)
    pen.text(x + 0.12, (high + below) / 2, "Φ+", FONT, color=LINK_COLOUR, ha="left")


def _draw_transmit(pen: Pen, x: float, ys: Sequence[float]) -> None:
    source, target = ys
    down = source > target
    pen.line([x, x], [source, target + (0.1 if down else -0.1)], 0.04, color=LINK_COLOUR)
    pen.disc(x, source, _DOT, LINK_COLOUR, LINK_COLOUR)
    draw_head(pen, x, target, down, LINK_COLOUR, "transmit")


def _draw_box(pen: Pen, x: float, y: float, width: float, face: str = PAPER, edge: str = INK) -> None:
    pen.shape(Rectangle((x - width / 2, y - BOX / 2), width, BOX), face, edge)


def _draw_meter(pen: Pen, placed: Placed, x: float, y: float) -> None:
    """Draw a box with a dial above the name of the bit."""
    _draw_box(pen, x, y, symbol_width(placed), _PALE_GREY)
    foot = y + 0.01
    dial = Arc((x, foot), 0.34, 0.34, theta1=15, theta2=165, color=INK, lw=0.022 * pen.points, zorder=4)
    pen.ax.add_patch(dial)
    pen.line([x, x + 0.13], [foot, foot + 0.24], 0.022, zorder=4)
    pen.text(x, y - 0.18, placed.label, SMALL)


def _draw_gate(pen: Pen, placed: Placed, x: float, ys: Sequence[float]) -> None:
    """Draw a gate on each of its targets, and its controls as discs, or as rings if they wait for 0."""
    operation = placed.instruction.operation
    controls = operation.num_ctrl_qubits if isinstance(operation, ControlledGate) else 0
    pen.line([x, x], [min(ys), max(ys)])
    for k, y in enumerate(ys[:controls]):
        pen.disc(x, y, _DOT, INK if operation.ctrl_state >> k & 1 else PAPER)
    name = base_gate(operation).name
    for y in ys[controls:]:
        if controls and name == "x":
            pen.disc(x, y, _RING, PAPER)
            pen.line([x - _RING, x + _RING], [y, y], zorder=4)
            pen.line([x, x], [y - _RING, y + _RING], zorder=4)
        elif controls and name == "z":
            pen.disc(x, y, _DOT)
        elif name == "swap":
            for sign in (1, -1):
                pen.line([x - 0.1, x + 0.1], [y - 0.1 * sign, y + 0.1 * sign], zorder=4)
        else:
            waits = name == CORRECT or isinstance(operation, ControlFlowOp)
            _draw_box(pen, x, y, symbol_width(placed), *((_PALE_BLUE, MESSAGE_COLOUR) if waits else ()))
            pen.text(x, y, placed.label, _size(operation))
