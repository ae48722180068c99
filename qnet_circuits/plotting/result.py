"""The plot of a result: figures with their intervals, control experiments, expected values and bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.panels import Panel, new_panels, panels_of, set_scale
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import FAINT, FONT, INK, PALETTE, PAPER, draw_intervals, label_of
from qnet_circuits.theory.estimate import Estimate

if TYPE_CHECKING:
    from qnet_circuits.runs.results.comparison import Comparison, FigureResult
    from qnet_circuits.runs.results.result import Result

#: The style of each estimate; the result's own is the largest.
_STYLES: dict[str, dict[str, Any]] = {
    "measured": {"color": PALETTE[0], "marker": "o", "ms": 7},
    "mitigated": {"color": PALETTE[0], "marker": "o", "ms": 6, "mfc": PAPER},
    "uncorrected": {"color": PALETTE[4], "marker": "v", "ms": 4.5},
    "swap_transport": {"color": PALETTE[3], "marker": "D", "ms": 4},
}
_LABELS = {
    "mitigated": "without readout errors",
    "uncorrected": "messages withheld",
    "swap_transport": "direct transport",
}
_TICKS: dict[str, tuple[str, Any]] = {
    "ideal": (INK, ":"),
    "theory": (PALETTE[2], (0, (3, 1))),
    "predicted": (PALETTE[1], "-"),
}
#: How much of a column, of width 1, estimates take; a tick is this part of the room of one.
_ROOM, _TICK = 0.8, 0.85
#: The height of a name of a bound, as a part of the axis.
_LINE = 0.06
#: More figures than these are counted, not read out.
_READ = 12


def plot_result(result: Result | Comparison, ax: Axes | None = None) -> Axes:
    """Draw figures with their intervals, beside control experiments, ideal, theory, prediction and bounds.

    Each kind of figure has axes of its own: fidelities and probabilities from 0 to 1, correlations from -1 to 1, and any other
    figure, such as a CHSH value, by itself. In the column of a figure its own estimate comes first. Control experiments have
    small marks. Short lines across an estimate are its expected values, and dashed lines are bounds.

    Args:
        result: The result of a run, or its comparison.
        ax: Axes to draw on, for figures of the first figure's kind only. Default: new axes for all kinds.

    Returns:
        The axes of the first figure. Those of other kinds are in ``ax.figure.axes``.

    Raises:
        ParameterError: If there is no figure to show.

    Example:
        >>> import qnet_circuits as qn
        >>> ax = qn.plot_result(qn.predict(qn.RepeaterChain(hops=2, link_fidelity=0.9)))
        >>> [each.get_ylabel() for each in ax.figure.axes]
        ['fidelity', 'correlation']
    """
    table: Comparison = result if hasattr(result, "with_controls") else result.compare()  # type: ignore[assignment,union-attr]
    if not table.figures:
        raise ParameterError("there is no figure to plot; at least one is needed")
    shown = (
        new_panels(table.figures) if ax is None else [(ax, panels_of(table.figures, len(table.figures))[0])]
    )
    present = _present([found for _, panel in shown for found in panel.figures])
    for axes, panel in shown:
        _draw_panel(axes, panel, present)
    first = shown[0][0]
    handles = _handles(shown, present)
    if ax is None:
        first.figure.suptitle(table.title, size=FONT + 2)
        first.figure.legend(
            handles=handles, loc="outside lower center", ncols=4, fontsize=FONT, frameon=False
        )
    else:
        first.set_title(table.title, size=FONT + 2, wrap=True)
        first.legend(handles=handles, fontsize=FONT)
        left_out = [found.figure for found in table.figures if found not in shown[0][1].figures]
        first.set_xlabel(f"on another scale: {', '.join(left_out)}" if left_out else "", size=FONT)
    describe(first, _words(table))
    return first


def _draw_panel(ax: Axes, panel: Panel, present: Sequence[str]) -> None:
    """Draw the figures of one kind, a column for each."""
    set_scale(ax, panel)
    ax.tick_params(labelsize=FONT)
    for k, found in enumerate(panel.figures):
        if k:
            ax.axvline(k - 0.5, color=FAINT, lw=0.5, zorder=0)
        _draw_figure(ax, k, found, present)
        _draw_bounds(ax, k, found.bounds)


def _draw_figure(ax: Axes, k: int, found: FigureResult, present: Sequence[str]) -> None:
    """Draw the column of one figure; marks that all figures have stand at the same place in each column."""
    step = _ROOM / len(present)
    place = {kind: k + (number - (len(present) - 1) / 2) * step for number, kind in enumerate(present)}
    for kind, each in {"measured": found, **found.controls}.items():
        _draw_estimate(ax, place[kind], kind, each.measured)
        for expected, (colour, style) in _TICKS.items():
            value = getattr(each, expected)
            if value is not None:
                ends = [place[kind] - _TICK * step / 2, place[kind] + _TICK * step / 2]
                ax.plot(ends, [value] * 2, color=colour, ls=style, lw=1.8, zorder=3, gid=expected)
    if found.mitigated is not None:
        _draw_estimate(ax, place["mitigated"], "mitigated", found.mitigated)


def _draw_estimate(ax: Axes, x: float, kind: str, estimate: Estimate) -> None:
    """Draw an estimate with its interval."""
    bars = draw_intervals(ax, [x], [estimate], **{"ls": "none", "capsize": 3, "zorder": 4, **_STYLES[kind]})
    bars.lines[0].set_gid(kind)


def _draw_bounds(ax: Axes, column: int, bounds: Mapping[str, float]) -> None:
    """Draw a dashed line across a figure's column for each bound, with its name; names of close bounds move up."""
    shared: dict[float, str] = {}
    for name, value in bounds.items():
        shared[value] = f"{shared[value]}, {name}" if value in shared else name
    low, high = ax.get_ylim()
    height, names = _LINE * (high - low), sorted(shared.items())
    place = low
    for number, (value, name) in enumerate(names):
        ends = [column - 0.48, column + 0.48]
        ax.plot(ends, [value, value], color=INK, lw=1, ls="--", zorder=2, gid="bound")
        # Those above must have room below the end of the axis.
        place = min(max(place, value), high - height * (len(names) - number))
        ax.annotate(
            name, (column - 0.47, place), (0, 3), textcoords="offset points", size=FONT - 1, color=INK,
            annotation_clip=False, zorder=5, bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
        )  # fmt: skip
        place += height


def _present(shown: Sequence[FigureResult]) -> list[str]:
    """Return the kinds of values that any figure has, in their order."""
    found = {"measured", *(control for each in shown for control in each.controls)}
    if any(each.mitigated is not None for each in shown):
        found.add("mitigated")
    return [kind for kind in _STYLES if kind in found]


def _handles(shown: Sequence[tuple[Axes, Panel]], present: Sequence[str]) -> list[Line2D]:
    """Return the entries of the legend: everything in the plot, and nothing else."""
    measured = label_of([found.measured for _, panel in shown for found in panel.figures], "measured")
    handles = [
        Line2D([], [], ls="none", label=_LABELS.get(kind, measured), **_STYLES[kind]) for kind in present
    ]
    drawn = {artist.get_gid() for axes, _ in shown for artist in axes.lines}
    handles += [
        Line2D([], [], color=colour, ls=style, lw=1.8, label=tick)
        for tick, (colour, style) in _TICKS.items()
        if tick in drawn
    ]
    if "bound" in drawn:
        handles.append(Line2D([], [], color=INK, ls="--", lw=1, label="bound"))
    return handles


def _words(table: Comparison) -> str:
    """Return the alt text."""
    said = []
    for found in table.figures[:_READ]:
        expected = {kind: getattr(found, kind) for kind in ("ideal", "theory", "predicted")}
        controls = {_LABELS.get(name, name): each.measured for name, each in found.controls.items()}
        beside = [f"{kind} {value:.4g}" for kind, value in expected.items() if value is not None]
        beside += [f"{name} {estimate}" for name, estimate in controls.items()]
        beside += [f"bound {name} {value:.4g}" for name, value in found.bounds.items()]
        said.append(f"{found.figure} {found.measured}" + (f" ({', '.join(beside)})" if beside else ""))
    more = f"; and {len(table.figures) - _READ} more figures" if len(table.figures) > _READ else ""
    return f"{table.title}: {'; '.join(said)}{more}."
