"""Colours that colour-blind readers can tell apart, and other parts that all plots share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.container import ErrorbarContainer

from qnet_circuits.theory.estimate import Estimate

#: Okabe and Ito's palette, without black and yellow (https://jfly.uni-koeln.de/color/).
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
INK = "#222222"
FAINT = "#9a9a9a"
PAPER = "#ffffff"
LINK_COLOUR = PALETTE[1]
MESSAGE_COLOUR = PALETTE[0]
#: Colours of gains and losses; gains nearer to 0 than this are rounding.
GAIN_COLOURS, NO_GAIN = "PuOr", 1e-12
#: Size of the text in plots, and of the smallest text, in points.
FONT, SMALLEST = 9.0, 7.5
#: Largest sides of a plot in inches; larger plots are drawn smaller. Plots that can be continued below are no wider than a
#: page.
MAX_WIDTH, MAX_HEIGHT, PAGE_WIDTH = 40.0, 200.0, 13.0


def new_axes(ax: Axes | None, figsize: tuple[float, float], bare: bool = False) -> Axes:
    """Return ``ax``, or the axes of a new figure if it is None.

    Args:
        ax: Axes to draw on, or None.
        figsize: Width and height of a new figure in inches; cut to 40 by 200.
        bare: Whether the axes fill a new figure.
    """
    if ax is None:
        size = (min(figsize[0], MAX_WIDTH), min(figsize[1], MAX_HEIGHT))
        figure, ax = plt.subplots(figsize=size, layout=None if bare else "constrained")
        if bare:
            figure.subplots_adjust(0, 0, 1, 1)
    return ax


def gain_scale(gains: Iterable[float]) -> TwoSlopeNorm:
    """Return a scale with 0 in its middle that reaches to the largest gain or loss."""
    most = max(map(abs, gains)) or 1.0
    return TwoSlopeNorm(0.0, -most, most)


def text_width(text: str, size: float) -> float:
    """Return about how wide the longest line of a text is, in the unit of ``size``."""
    return 0.62 * size * max(len(line) for line in text.split("\n"))


def arms(estimates: Sequence[Estimate]) -> list[tuple[float, ...]]:
    """Return how far intervals reach below and above their values, as Matplotlib's error bars take it."""
    ends = [(max(0.0, each.value - each.low), max(0.0, each.high - each.value)) for each in estimates]
    return [*zip(*ends, strict=True)]


def draw_intervals(
    ax: Axes, xs: Sequence[float], estimates: Sequence[Estimate], **style: Any
) -> ErrorbarContainer:
    """Draw estimates with their intervals, in the style of Matplotlib's error bars."""
    return ax.errorbar(xs, [each.value for each in estimates], arms(estimates), **style)


def listed(names: Sequence[str], most: int = 6) -> str:
    """Return names as a list in a sentence; if there are many, only the first and the last.

    Example:
        >>> listed(["a", "b", "c"]), listed([str(k) for k in range(100)])
        ('a, b and c', '0 to 99')
    """
    if len(names) > most:
        return f"{names[0]} to {names[-1]}"
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def span(values: Iterable[float], form: str = ".3f") -> str:
    """Return the range of values as text.

    Example:
        >>> span([0.9, 0.95]), span([0.9])
        ('0.900 to 0.950', '0.900')
    """
    shown = [format(value, form) for value in sorted(values)]
    return shown[0] if shown[0] == shown[-1] else f"{shown[0]} to {shown[-1]}"


def label_of(estimates: Iterable[Estimate], word: str) -> str:
    """Return the name of estimates in a legend: a word, with their levels if they have intervals."""
    levels = sorted(
        {estimate.level for estimate in estimates if estimate.n > 0 or estimate.high > estimate.low}
    )
    if not levels:
        return "exact value"
    return f"{word}, {' and '.join(f'{100 * level:.4g} %' for level in levels)} interval"
