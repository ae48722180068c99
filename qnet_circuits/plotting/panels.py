"""The axes of a plot of figures: one for each kind of figure, beside and below each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from qnet_circuits.plotting.style import FONT, PAGE_WIDTH, text_width

if TYPE_CHECKING:
    from qnet_circuits.runs.results.comparison import FigureResult

#: Height of a row of axes in inches, width of a column at least, and what axes and page need beside their columns.
_HEIGHT, _COLUMN, _SIDE, _LEGEND = 3.1, 1.2, 0.75, 1.1
#: Least width of a plot, for title and legend.
_LEAST = 7.0
#: How far axes reach beyond the range of their figures, as a part of it.
_BEYOND = 0.05
#: Values outside of a range by less than this are rounding.
_ROUNDING = 1e-9


class Kind(NamedTuple):
    """A kind of figures: the range of their axis, None if it follows from the values, and its label."""

    range: tuple[float, float] | None
    label: str


_SHARE = Kind((0.0, 1.0), "fidelity or probability")
_SIGNED = Kind((-1.0, 1.0), "correlation")


def kind_of(found: FigureResult) -> Kind:
    """Return the kind of a figure: by its declared range, or by its values if it has none."""
    values = _values(found)
    low, high = found.range or (min(values), max(values))
    for kind in (_SHARE, _SIGNED):
        least, most = kind.range or (low, high)
        if min(low, *values) >= least - _ROUNDING and max(high, *values) <= most + _ROUNDING:
            return kind
    return Kind(None, found.figure)


def _values(found: FigureResult) -> list[float]:
    """Return all that is drawn of a figure."""
    expected = [value for value in (found.ideal, found.theory, found.predicted) if value is not None]
    measured = [found.measured, *([found.mitigated] if found.mitigated else [])]
    own = [end for each in measured for end in (each.low, each.value, each.high)]
    return [
        *own,
        *expected,
        *found.bounds.values(),
        *(value for each in found.controls.values() for value in _values(each)),
    ]


class Panel(NamedTuple):
    """The contents of one pair of axes."""

    kind: Kind
    figures: list[FigureResult]

    @property
    def label(self) -> str:
        """The label of the axis of values."""
        names = [found.figure for found in self.figures]
        if self.kind is _SHARE and all(name.startswith("fidelity") for name in names):
            return "fidelity"
        return names[0].replace("_", " ") if len(names) == 1 else self.kind.label


def panels_of(figures: Sequence[FigureResult], each: int) -> list[Panel]:
    """Return the panels of figures, kind by kind in the order in which they come, with so many figures each at most."""
    kinds: dict[Kind, list[FigureResult]] = {}
    for found in figures:
        kinds.setdefault(kind_of(found), []).append(found)
    return [Panel(kind, own[k : k + each]) for kind, own in kinds.items() for k in range(0, len(own), each)]


def new_panels(figures: Sequence[FigureResult]) -> list[tuple[Axes, Panel]]:
    """Return the axes of a new Matplotlib figure with their contents; plots wider than a page are continued below."""
    column = max(_COLUMN, max(text_width(found.figure, FONT + 1) for found in figures) / 72 + 0.15)
    room = max(1, math.floor((PAGE_WIDTH - _SIDE) / column))
    rows: list[list[Panel]] = [[]]
    for panel in panels_of(figures, room):
        used = sum(len(other.figures) + _SIDE / column for other in rows[-1])
        if rows[-1] and used + len(panel.figures) + _SIDE / column > room + 0.5:
            rows.append([])
        rows[-1].append(panel)
    widths = [sum(_SIDE + column * len(panel.figures) for panel in row) for row in rows]
    size = max(_LEAST, max(widths)), _HEIGHT * len(rows) + _LEGEND
    figure = plt.figure(figsize=size, layout="constrained")
    found: list[tuple[Axes, Panel]] = []
    grid = figure.add_gridspec(len(rows), 1)
    for line, row in enumerate(rows):
        shares = [float(len(panel.figures)) for panel in row]
        inner = grid[line].subgridspec(1, len(row), width_ratios=shares)
        found += [(figure.add_subplot(inner[place]), panel) for place, panel in enumerate(row)]
    return found


def set_scale(ax: Axes, panel: Panel) -> None:
    """Give axes the range of their kind, and a column for each figure."""
    ends = panel.kind.range
    if ends is None:
        values = [value for found in panel.figures for value in _values(found)]
        low, high = min(values), max(values)
        margin = 0.12 * (high - low) or 0.1 * abs(high) or 0.1
        ends = low - margin, high + margin
    beyond = _BEYOND * (ends[1] - ends[0])
    ax.set_ylim(ends[0] - beyond, ends[1] + beyond)
    ax.set_xlim(-0.5, len(panel.figures) - 0.5)
    ax.set_xticks(range(len(panel.figures)), [found.figure for found in panel.figures], parse_math=False)
    if panel.kind is _SIGNED:
        ax.set_yticks([-1, -0.5, 0, 0.5, 1])
    ax.set_ylabel(panel.label, size=FONT)
