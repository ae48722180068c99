"""The plot of a sweep: a figure against a parameter, with intervals as bands, theory and prediction."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from qnet_circuits.errors import ParameterError, UnknownNameError
from qnet_circuits.plotting.bars import draw_legend
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import FAINT, FONT, INK, MARKERS, PALETTE, listed, new_axes, span

#: The values that are drawn beside a figure, and their styles.
_BESIDE = {"theory": "--", "predicted": ":"}
#: More lines than these have a scale of colours, if their values are numbers; otherwise so many can be told apart.
_FEW, _MOST = len(PALETTE), len(PALETTE) * len(MARKERS)
_COLOURS = "viridis"
#: Points of a formula.
_FINE = 200
#: Text that ends in a number, such as an eavesdropper's.
_NUMBERED = re.compile(r"[a-z-]+:([0-9.]+(?:e-?[0-9]+)?)")


def plot_series(
    rows: Iterable[Any],
    x: str,
    y: str | None = None,
    by: str | None = None,
    ax: Axes | None = None,
    theory: Callable[[float], float] | None = None,
) -> Axes:
    """Draw a figure of many runs against a parameter: values with their intervals as a band, theory dashed, prediction dotted.

    Args:
        rows: Rows of a sweep, or results of runs.
        x: The parameter on the horizontal axis: a parameter of the protocol, an option such as ``shots``, or a term of the
            noise, such as ``noise.feedforward_latency``. Its values must be numbers, or texts that end in a number, such as
            ``intercept-resend:0.2`` for ``eve``.
        y: The figure. Default: ``fidelity``, or the first figure of the first row.
        by: A second parameter or option, such as ``corrections``, ``backend`` or ``protocol``. Each of its values has a line of
            its own. More than six numbers get a scale of colours.
        ax: Axes to draw on. Default: those of a new Matplotlib figure.
        theory: A formula of ``x`` that replaces the theory of the rows, for example if the rows of a device have none.

    Returns:
        The Matplotlib axes. Rows without a value of the figure are left out. A bound is drawn if it is the same in all rows.

    Raises:
        UnknownNameError: If a row has no such parameter, or no row has the figure.
        ParameterError: If there are no rows, ``x`` is not a number, two rows are the same point of a line, or there are too
            many lines to distinguish.

    Example:
        >>> import qnet_circuits as qn
        >>> results = [qn.predict(chain) for chain in qn.grid(qn.RepeaterChain, hops=[1, 2, 3], link_fidelity=[0.9, 0.95])]
        >>> ax = qn.plot_series(results, x="hops", by="link_fidelity")
        >>> ax.get_xlabel(), ax.get_ylabel(), ax.get_legend_handles_labels()[1][0]
        ('hops', 'fidelity', 'link_fidelity=0.9')
    """
    plain = [row if isinstance(row, Mapping) else row.to_dict() for row in rows]
    if not plain:
        raise ParameterError("there are no rows to draw; give rows of a sweep, or results")
    y = y or ("fidelity" if "fidelity" in plain[0]["figures"] else next(iter(plain[0]["figures"]), ""))
    lines = _lines(plain, x, y, by)
    own = ax is None
    ax = new_axes(ax, (6.8, 4.6))
    for place, (name, line) in enumerate(lines.items()):
        style = line_style(ax, place, list(lines))
        _draw_line(ax, style, name, line, y, () if theory else ("theory",))
    numbers = sorted({number for line in lines.values() for number in line})
    if theory is not None:
        fine = _fine(numbers)
        values = [theory(number) for number in fine]
        ax.plot(fine, values, color=INK, ls="--", lw=1.2, label="theory", gid="formula")
    draw_bounds(ax, _shared_bounds(plain, y))
    finish(ax, numbers, x, y, own)
    describe(ax, _words(lines, x, y, numbers))
    return ax


def _fine(numbers: Sequence[float]) -> list[float]:
    """Return numbers from the first to the last, whole ones if all are whole."""
    found = np.linspace(numbers[0], numbers[-1], _FINE)
    if all(number.is_integer() for number in numbers):
        return [int(number) for number in np.unique(found.round())]
    return [float(number) for number in found]


def draw_bounds(ax: Axes, bounds: Mapping[str, float]) -> None:
    """Draw a dashed line for each bound, with its name."""
    for name, value in bounds.items():
        ax.axhline(value, color=INK, lw=1, ls=(0, (6, 3)), zorder=1, gid=f"bound {name}")
        ax.annotate(
            name, (0.01, value), (0, 2), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
            size=FONT, color=INK, va="bottom",
        )  # fmt: skip


def finish(ax: Axes, xs: Sequence[float], xlabel: str, ylabel: str, own: bool) -> None:
    """Name the axes of a series, and draw its legend: below the axes if the library made them."""
    if all(float(number).is_integer() for number in xs):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel(xlabel, size=FONT, parse_math=False)
    ax.set_ylabel(ylabel.replace("_", " "), size=FONT, parse_math=False)
    ax.tick_params(labelsize=FONT)
    handles, _ = ax.get_legend_handles_labels()
    if own:
        draw_legend(ax, handles, 2)
    else:
        ax.legend(handles=handles, fontsize=FONT)


def line_style(ax: Axes, place: int, names: Sequence[str]) -> dict[str, Any]:
    """Return colour, marker and label of a line: from a scale of colours if there are many, and their values are numbers."""
    if len(names) <= _FEW:
        return {"color": PALETTE[place], "marker": MARKERS[place], "label": names[place]}
    option, _, _ = names[0].partition("=")
    values = [_number(name.partition("=")[2]) for name in names]
    known = [value for value in values if value is not None]
    if len(known) == len(values):
        scale = ScalarMappable(Normalize(min(known), max(known)), _COLOURS)
        if place == 0:
            whole = all(value.is_integer() for value in known)
            bar = ax.figure.colorbar(scale, ax=ax, ticks=MaxNLocator(integer=whole))
            bar.ax.tick_params(labelsize=FONT)
            bar.set_label(option, size=FONT)
        return {"color": scale.to_rgba(np.array([known[place]]))[0], "marker": "o", "label": "_"}
    if len(names) > _MOST:
        raise ParameterError(
            f"{len(names)} lines cannot be told apart, {_MOST} can; draw fewer values of {option}"
        )
    turn, colour = divmod(place, len(PALETTE))
    return {
        "color": PALETTE[colour],
        "marker": MARKERS[(colour + turn) % len(MARKERS)],
        "label": names[place],
    }


def _lines(
    rows: Sequence[Mapping[str, Any]], x: str, y: str, by: str | None
) -> dict[str, dict[float, Mapping[str, Any]]]:
    """Return the rows of each line, by what they are drawn against, in its order."""
    lines: dict[str, dict[float, Mapping[str, Any]]] = {}
    for row in rows:
        given, name = _value(row, x), y if by is None else f"{by}={_value(row, by)}"
        number = _number(given)
        if number is None:
            raise ParameterError(f"x must name a number, and {x} is {given!r}")
        if y not in row["figures"]:
            continue
        line = lines.setdefault(name, {})
        if number in line:
            raise ParameterError(
                f"two rows have {x}={given} on the line {name}; draw fewer rows, or give by= what tells them apart"
            )
        line[number] = row
    if not lines:
        raise UnknownNameError("figure", y, {figure for row in rows for figure in row["figures"]})
    return {name: dict(sorted(line.items())) for name, line in lines.items()}


def _value(row: Mapping[str, Any], name: str) -> Any:
    """Return a row's value of a parameter, an option, or a term of its noise."""
    option, _, term = name.partition(".")
    places = [row["parameters"], row.get("point", {}).get("options", {}), row]
    for place in places:
        found = place.get(option)
        if term and isinstance(found, Mapping):
            found = found.get(term)
        if found is not None:
            return found
    shown = [key for key, value in row.items() if isinstance(value, str | int | float)]
    raise UnknownNameError("parameter", name, [*row["parameters"], *shown])


def _number(value: Any) -> float | None:
    """Return a value as a number, that at the end of a text such as ``intercept-resend:0.2`` too."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    text = str(value)
    found = _NUMBERED.fullmatch(text)
    try:
        number = float(found[1] if found else text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _draw_line(
    ax: Axes,
    style: Mapping[str, Any],
    name: str,
    line: Mapping[float, Mapping[str, Any]],
    y: str,
    theory: Sequence[str],
) -> None:
    """Draw the values of a line with their intervals, its prediction, and its theory if it is asked for."""
    found, xs, colour = [row["figures"][y] for row in line.values()], list(line), style["color"]
    ax.plot(xs, [each["value"] for each in found], ms=4.5, lw=1.4, gid=name, **style)
    low, high = ([each[end] for each in found] for end in ("low", "high"))
    ax.fill_between(xs, low, high, color=colour, alpha=0.25, lw=0, gid=f"{name} interval")
    for kind in (*theory, "predicted"):
        known = {number: row[kind][y] for number, row in line.items() if row[kind].get(y) is not None}
        if known:
            ax.plot([*known], [*known.values()], color=colour, ls=_BESIDE[kind], lw=1.2, gid=f"{name} {kind}")
            if not any(handle.get_label() == kind for handle in ax.lines):
                ax.plot([], [], color=FAINT, ls=_BESIDE[kind], lw=1.2, label=kind)


def _shared_bounds(rows: Sequence[Mapping[str, Any]], y: str) -> dict[str, float]:
    """Return the bounds that all rows have."""
    first, *others = [row["bounds"].get(y, {}) for row in rows]
    return {name: value for name, value in first.items() if all(each.get(name) == value for each in others)}


def _words(
    lines: Mapping[str, Mapping[float, Mapping[str, Any]]], x: str, y: str, numbers: Sequence[float]
) -> str:
    """Return the alt text."""
    ends = []
    for name, line in lines.items():
        values = [row["figures"][y]["value"] for row in line.values()]
        ends.append(
            f"{name} from {values[0]:.4g} to {values[-1]:.4g}"
            if len(values) > 1
            else f"{name} {values[0]:.4g}"
        )
    return f"{y.replace('_', ' ').capitalize()} against {x}, {span(numbers, 'g')}: {listed(ends, 12)}."
