"""The plot of a distillation map: the chip, with each coupling in the colour of its gain of distilling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.chip import Edge, chip_places, draw_qubits, draw_scale
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import FAINT, FONT, GAIN_COLOURS, INK, NO_GAIN, gain_scale, listed, span
from qnet_circuits.programs.figures import links_of
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from qnet_circuits.runs.results.result import Result

_KINDS = {
    "distil": "distilling wins", "direct": "the direct link wins", "never": "nothing left either way",
    "open": "undecided", "unmeasured": "no line of four qubits",
}  # fmt: skip


def plot_gains(result: Result, ax: Axes | None = None) -> Axes:
    """Draw a chip with each coupling in the colour of the gain of distilling.

    Couplings on which both ways yield nothing are dashed, and so are couplings whose interval contains 0. The result does not
    know couplings without a figure, except those that lie between two couplings with a figure.

    Args:
        result: The result of a distillation map.
        ax: Axes to draw on. Default: those of a new Matplotlib figure.

    Returns:
        The axes.

    Raises:
        ParameterError: If the result has no gains.
    """
    gains = {(a, b): estimate for (a, b), estimate in links_of(result.figures, "gain").items()}
    if not gains:
        raise ParameterError(f"{result.title} has no gains; give the result of a distillation-map")
    edges = _edges(result, gains)
    places = chip_places(edges)
    pen = draw_qubits(ax, places, (6.6, 3.6), below=1.4)
    ax = pen.ax
    scale, colours = gain_scale([each.value for each in gains.values()]), plt.get_cmap(GAIN_COLOURS)
    kinds = {edge: _kind(gains.get(edge)) for edge in edges}
    for edge, kind in kinds.items():
        xs, ys = zip(*(places[end] for end in edge), strict=True)
        if kind in ("distil", "direct"):
            pen.line(xs, ys, 0.26, color=FAINT, zorder=1)  # small gains are nearly white
            pen.line(xs, ys, 0.2, color=colours(scale(gains[edge].value)), gid=kind)
        else:
            dashed: dict[str, Any] = (
                {"ls": (0, (0.5, 0.35)), "dash_capstyle": "butt"} if kind != "unmeasured" else {}
            )
            pen.line(
                xs, ys, 0.06 if kind == "unmeasured" else 0.14, color=FAINT, zorder=1, gid=kind, **dashed
            )
    draw_scale(ax, scale, GAIN_COLOURS, "gain of distilling,\nperfect pairs for each raw one")
    _draw_legend(ax, list(kinds.values()))
    ax.set_title(result.title, size=11, color=INK, wrap=True)
    found = list(kinds.values())
    counts = listed([f"{word} on {found.count(kind)}" for kind, word in _KINDS.items() if kind in found])
    gained = span((each.value for each in gains.values()), ".3g")
    describe(ax, f"{result.title}: chip with {len(edges)} couplings; gain of distilling {gained}; {counts}.")
    return ax


def _edges(result: Result, gains: dict[Edge, Estimate]) -> list[Edge]:
    """Return all couplings that the map was made of, or at least those with a gain."""
    given = result.provenance.get("parameters", {}).get("edges") or ()
    return sorted({*gains, *((min(pair), max(pair)) for pair in given)})


def _kind(estimate: Estimate | None) -> str:
    if estimate is None:
        return "unmeasured"
    if max(abs(estimate.low), abs(estimate.high)) < NO_GAIN:
        return "never"
    if estimate.low <= NO_GAIN and estimate.high >= -NO_GAIN:
        return "open"
    return "distil" if estimate.value > 0 else "direct"


def _draw_legend(ax: Axes, kinds: list[str]) -> None:
    colours = plt.get_cmap(GAIN_COLOURS)
    look: dict[str, dict[str, Any]] = {"distil": {"color": colours(0.95), "lw": 4}, "direct": {"color": colours(0.05), "lw": 4},
            "never": {"color": FAINT, "lw": 3, "ls": (0, (1, 0.7))}, "open": {"color": FAINT, "lw": 3, "ls": (0, (1, 0.7))},
            "unmeasured": {"color": FAINT, "lw": 1}}  # fmt: skip
    shown = [kind for kind in _KINDS if kind in kinds]
    ax.legend(
        [Line2D([], [], **look[kind]) for kind in shown],
        [f"{_KINDS[kind]}: {kinds.count(kind)}" for kind in shown],
        loc="upper center", bbox_to_anchor=(0.5, 0), frameon=False, fontsize=FONT, handlelength=2.5, ncols=2,
    )  # fmt: skip
