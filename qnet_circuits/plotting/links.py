"""The picture of a link benchmark: the chip, with each link in the colour of its fidelity."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.chip import Edge, Point, chip_places, draw_qubits
from qnet_circuits.plotting.pen import Pen
from qnet_circuits.plotting.style import FAINT, INK, LINK_COLOUR
from qnet_circuits.programs.figures import links_of
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from qnet_circuits.runs.results.result import Result

_COLOURS = "viridis"
#: Below this fidelity a link is drawn apart: no such pair is proven entangled.
_ENTANGLED = 0.5


def plot_links(result: Result, ax: Axes | None = None) -> Axes:
    """Draw a chip with each link in the colour of its Bell fidelity.

    A link whose interval reaches down to 1/2 is dashed, since no entanglement is proven there. In a benchmark of swapped pairs
    the link in the middle of each line has the line's colour; links that are in the middle of none are grey.

    Args:
        result: The result of a link benchmark.
        ax: Axes to draw on; those of a new figure by default.

    Returns:
        The axes.

    Raises:
        ParameterError: If the result has no figure of a link.
    """
    lines = links_of(result.figures)
    if not lines:
        raise ParameterError(f"{result.title} has no figures of links; give the result of a link-benchmark")
    middles = {_edge(line[len(line) // 2 - 1 :]): estimate for line, estimate in lines.items()}
    edges = sorted({_edge(pair) for line in lines for pair in pairwise(line)})
    places = chip_places(edges)
    pen = draw_qubits(ax, places, (4.2, 2.2), below=0.9)
    ax = pen.ax
    scale = _scale([estimate.value for estimate in middles.values() if estimate.low > _ENTANGLED])
    for a, b in edges:
        _draw_link(pen, (places[a], places[b]), middles.get((a, b)), scale)
    _draw_scale(ax, scale, "Bell fidelity" if len(next(iter(lines))) == 2 else "swapped fidelity")
    unproven = [line for line in ax.lines if line.get_gid() == "unproven"]
    if unproven:
        ax.legend(
            unproven[:1], ["no entanglement proven"], loc="upper center", bbox_to_anchor=(0.5, 0), frameon=False,
            fontsize=9, handlelength=2.5,
        )  # fmt: skip
    ax.set_title(result.title, size=11, color=INK, wrap=True)
    return ax


def _edge(line: tuple[int, ...]) -> Edge:
    """Return the link at the beginning of a line, the smaller qubit first."""
    a, b = sorted(line[:2])
    return a, b


def _scale(values: list[float]) -> Normalize:
    """Return a scale in steps of 0.05 around the values, from 1/2 at least."""
    low = max(_ENTANGLED, math.floor(20 * min(values, default=_ENTANGLED) + 1e-9) / 20)
    high = min(1.0, math.ceil(20 * max(values, default=1.0) - 1e-9) / 20)
    low = min(low, 0.95)
    return Normalize(low, max(high, low + 0.05), clip=True)


def _draw_link(pen: Pen, ends: tuple[Point, Point], estimate: Estimate | None, scale: Normalize) -> None:
    xs, ys = zip(*ends, strict=True)
    if estimate is None:
        pen.line(xs, ys, 0.06, color=FAINT, zorder=1, gid="unmeasured")
    elif estimate.low > _ENTANGLED:
        pen.line(xs, ys, 0.2, color=plt.get_cmap(_COLOURS)(scale(estimate.value)), gid="link")
    else:
        pen.line(xs, ys, 0.2, color=LINK_COLOUR, ls=(0, (0.5, 0.35)), dash_capstyle="butt", gid="unproven")


def _draw_scale(ax: Axes, scale: Normalize, label: str) -> None:
    bar = ax.figure.colorbar(
        ScalarMappable(scale, _COLOURS), ax=ax, fraction=0.04, pad=0.02, shrink=0.8, format="%.2f",
        ticks=MaxNLocator(5, steps=[1, 2, 5, 10]),
    )  # fmt: skip
    bar.set_label(label, color=INK)
    bar.outline.set_visible(False)
