"""The symbols of a circuit's picture, in units of the distance between two wires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Arc, Circle, Polygon, Rectangle
from qiskit.circuit import ControlFlowOp, ControlledGate

from qnet_circuits.plotting.layout import Placed
from qnet_circuits.plotting.style import INK, LINK_COLOUR, MESSAGE_COLOUR, PAPER, text_width
from qnet_circuits.programs.instructions import CORRECT, ENTANGLE, TRANSMIT

#: Inches per unit where there is room, height of a box, and sizes of text.
UNIT = 0.62
BOX = 0.64
FONT, SMALL = 9 / 72 / UNIT, 7.5 / 72 / UNIT
_DOT, _RING = 0.07, 0.16
_PALE_BLUE, _PALE_GREY = "#dcebf7", "#eeeeee"


@dataclass(frozen=True)
class Pen:
    """Draws on axes whose data unit is ``points`` points long, so that lines and text scale with the drawing."""

    ax: Axes
    points: float

    def line(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        colour: str = INK,
        width: float = 0.027,
        zorder: float = 2,
        dashed: bool = False,
        gid: str | None = None,
    ) -> None:
        """Draw a line through points."""
        style = (0, (4, 2.5)) if dashed else "-"
        self.ax.plot(
            xs, ys, color=colour, lw=width * self.points, ls=style, zorder=zorder, gid=gid, solid_capstyle="butt",
            solid_joinstyle="round", scalex=False, scaley=False,
        )  # fmt: skip

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = FONT,
        colour: str = INK,
        ha: str = "center",
        weight: str = "normal",
    ) -> None:
        """Write a text, at middle height."""
        self.ax.text(
            x, y, text, size=size * self.points, color=colour, ha=ha, va="center", weight=weight, zorder=5
        )  # fmt: skip

    def box(self, x: float, y: float, width: float, colour: str = PAPER, edge: str = INK) -> None:
        """Draw a filled box, ``BOX`` high."""
        corner = (x - width / 2, y - BOX / 2)
        self.ax.add_patch(
            Rectangle(corner, width, BOX, facecolor=colour, edgecolor=edge, lw=0.025 * self.points, zorder=3)
        )

    def disc(self, x: float, y: float, radius: float, filled: bool = True, colour: str = INK) -> None:
        """Draw a disc, or a ring."""
        face = colour if filled else PAPER
        self.ax.add_patch(
            Circle((x, y), radius, facecolor=face, edgecolor=colour, lw=0.025 * self.points, zorder=3)
        )

    def head(self, x: float, y: float, down: bool, colour: str, gid: str | None = None) -> None:
        """Draw the head of a vertical arrow whose tip is at (x, y)."""
        back = y + (0.15 if down else -0.15)
        corners = [(x, y), (x - 0.07, back), (x + 0.07, back)]
        self.ax.add_patch(Polygon(corners, facecolor=colour, edgecolor="none", zorder=4, gid=gid))


def symbol_width(placed: Placed) -> float:
    """Return how much room an instruction's symbol takes along its wire."""
    operation = placed.instruction.operation
    if operation.name == ENTANGLE:
        return 0.8
    if _dots_only(placed):
        return 0.45
    size = SMALL if operation.name in ("measure", CORRECT) else FONT
    return max(BOX, text_width(placed.label, size) + 0.12)


def _dots_only(placed: Placed) -> bool:
    operation = placed.instruction.operation
    base = operation.base_gate.name if isinstance(operation, ControlledGate) else operation.name
    return base in (TRANSMIT, "swap") or (len(placed.rows) > 1 and base in ("x", "z"))


def draw_symbol(pen: Pen, placed: Placed, x: float, heights: Sequence[float]) -> None:
    """Draw an instruction at ``x``; ``heights`` are those of the circuit's wires."""
    operation = placed.instruction.operation
    ys = [heights[row] for row in placed.rows]
    width = symbol_width(placed)
    if operation.name == ENTANGLE:
        _draw_entangle(pen, x, ys, heights)
    elif operation.name == TRANSMIT:
        _draw_transmit(pen, x, ys)
    elif operation.name == "measure":
        _draw_meter(pen, x, ys[0], width, placed.label)
    elif operation.name == CORRECT:
        pen.box(x, ys[0], width, _PALE_BLUE, MESSAGE_COLOUR)
        pen.text(x, ys[0], placed.label, SMALL)
    elif isinstance(operation, ControlledGate):
        _draw_controlled(pen, operation, x, ys, width, placed.label)
    else:
        _draw_boxes(pen, x, ys, width, placed.label, isinstance(operation, ControlFlowOp))


def _draw_entangle(pen: Pen, x: float, ys: Sequence[float], heights: Sequence[float]) -> None:
    """Draw a zigzag, straight at both ends, and Φ+ beside it just below the upper wire."""
    high, low = max(ys), min(ys)
    teeth = max(4, 2 * round((high - low - 0.3) / 0.2))
    step = (high - low - 0.3) / teeth
    side = [0.0, *(0.07 * (-1) ** k for k in range(teeth)), 0.0]
    down = [high - 0.15, *(high - 0.15 - (k + 0.5) * step for k in range(teeth)), low + 0.15]
    pen.line([x, *(x + dx for dx in side), x], [high, *down, low], LINK_COLOUR, 0.03, gid="entangle")
    for y in (high, low):
        pen.disc(x, y, _DOT, colour=LINK_COLOUR)
    below = max(height for height in heights if height < high)
    pen.text(x + 0.12, (high + below) / 2, "Φ+", colour=LINK_COLOUR, ha="left")


def _draw_transmit(pen: Pen, x: float, ys: Sequence[float]) -> None:
    source, target = ys
    down = source > target
    pen.line([x, x], [source, target + (0.1 if down else -0.1)], LINK_COLOUR, 0.04)
    pen.disc(x, source, _DOT, colour=LINK_COLOUR)
    pen.head(x, target, down, LINK_COLOUR, gid="transmit")


def _draw_meter(pen: Pen, x: float, y: float, width: float, bit: str) -> None:
    """Draw a box with a dial above the name of the bit."""
    pen.box(x, y, width, _PALE_GREY)
    foot = y + 0.01
    pen.ax.add_patch(
        Arc((x, foot), 0.34, 0.34, theta1=15, theta2=165, color=INK, lw=0.022 * pen.points, zorder=4)
    )
    pen.line([x, x + 0.13], [foot, foot + 0.24], INK, 0.022, 4)
    pen.text(x, y - 0.18, bit, SMALL)


def _draw_controlled(
    pen: Pen, gate: ControlledGate, x: float, ys: Sequence[float], width: float, label: str
) -> None:
    pen.line([x, x], [min(ys), max(ys)])
    controls, targets = ys[: gate.num_ctrl_qubits], ys[gate.num_ctrl_qubits :]
    for k, y in enumerate(controls):
        pen.disc(x, y, _DOT, filled=bool(gate.ctrl_state >> k & 1))
    for y in targets:
        if gate.base_gate.name == "x":
            pen.disc(x, y, _RING, filled=False)
            pen.line([x - _RING, x + _RING], [y, y], zorder=4)
            pen.line([x, x], [y - _RING, y + _RING], zorder=4)
        elif gate.base_gate.name == "z":
            pen.disc(x, y, _DOT)
        elif gate.base_gate.name == "swap":
            _draw_cross(pen, x, y)
        else:
            pen.box(x, y, width)
            pen.text(x, y, label)


def _draw_cross(pen: Pen, x: float, y: float) -> None:
    for sign in (1, -1):
        pen.line([x - 0.1, x + 0.1], [y - 0.1 * sign, y + 0.1 * sign], zorder=4)


def _draw_boxes(pen: Pen, x: float, ys: Sequence[float], width: float, label: str, dependent: bool) -> None:
    pen.line([x, x], [min(ys), max(ys)])
    for y in ys:
        if label == "swap":
            _draw_cross(pen, x, y)
            continue
        pen.box(x, y, width, _PALE_BLUE if dependent else PAPER, MESSAGE_COLOUR if dependent else INK)
        pen.text(x, y, label)
