"""The picture of a sweep: a figure against a parameter, with intervals as bands, theory and prediction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from qnet_circuits.errors import ParameterError, UnknownNameError
from qnet_circuits.plotting.style import FAINT, FONT, INK, MARKERS, PALETTE, new_axes

#: What is drawn beside a figure, and how.
_BESIDE = {"theory": "--", "predicted": ":"}


def plot_series(
    rows: Iterable[Any], x: str, y: str | None = None, by: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a figure of many runs against a parameter: values with their intervals as a band, theory dashed, prediction dotted.

    Args:
        rows: Rows of a sweep, or results of runs.
        x: What they are drawn against: a parameter of the protocol, an option such as ``shots``, or a term of the noise, such
            as ``noise.feedforward_latency``. Its values must be numbers.
        y: The figure. Default: ``fidelity``, or the first figure of the first row.
        by: A second parameter or option, or ``backend`` or ``protocol``: each of its values has a line of its own.
        ax: Axes to draw on; those of a new figure by default.

    Returns:
        The Matplotlib axes. A row in which the figure has no value is left out. A bound is drawn if all rows have the same.

    Raises:
        UnknownNameError: If a row has no such parameter, or no row has the figure.
        ParameterError: If there are no rows, ``x`` is no number, or two rows would be the same point of a line.

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
    ax = new_axes(ax, (6.4, 4.2))
    for place, (name, line) in enumerate(lines.items()):
        _draw_line(ax, place, name, line, y)
    _draw_bounds(ax, plain, y)
    if all(float(number).is_integer() for line in lines.values() for number in line):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.legend(fontsize=FONT)
    return ax


def _lines(
    rows: Sequence[Mapping[str, Any]], x: str, y: str, by: str | None
) -> dict[str, dict[float, Mapping[str, Any]]]:
    """Return the rows of each line, by what they are drawn against, in its order."""
    lines: dict[str, dict[float, Mapping[str, Any]]] = {}
    for row in rows:
        number, name = _value(row, x), y if by is None else f"{by}={_value(row, by)}"
        if isinstance(number, bool) or not isinstance(number, Real):
            raise ParameterError(f"x must name a number, and {x} is {number!r}")
        if y not in row["figures"]:
            continue
        line = lines.setdefault(name, {})
        if number in line:
            raise ParameterError(
                f"two rows have {x}={number} on the line {name}; draw fewer rows, or give by= what tells them apart"
            )
        line[float(number)] = row
    if not lines:
        raise UnknownNameError("figure", y, {figure for row in rows for figure in row["figures"]})
    return {name: dict(sorted(line.items())) for name, line in lines.items()}


def _value(row: Mapping[str, Any], name: str) -> Any:
    """Return what a row says of a parameter, an option, or a term of its noise."""
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


def _draw_line(ax: Axes, place: int, name: str, line: Mapping[float, Mapping[str, Any]], y: str) -> None:
    colour, marker = PALETTE[place % len(PALETTE)], MARKERS[place % len(MARKERS)]
    found = [row["figures"][y] for row in line.values()]
    xs = list(line)
    ax.plot(
        xs, [each["value"] for each in found], color=colour, marker=marker, ms=4.5, lw=1.4, label=name, gid=name
    )  # fmt: skip
    low, high = ([each[end] for each in found] for end in ("low", "high"))
    ax.fill_between(xs, low, high, color=colour, alpha=0.25, lw=0, gid=f"{name} interval")
    for kind, style in _BESIDE.items():
        known = {number: row[kind][y] for number, row in line.items() if row[kind].get(y) is not None}
        if known:
            ax.plot([*known], [*known.values()], color=colour, ls=style, lw=1.2, gid=f"{name} {kind}")
            if not any(handle.get_label() == kind for handle in ax.lines):
                ax.plot([], [], color=FAINT, ls=style, lw=1.2, label=kind)


def _draw_bounds(ax: Axes, rows: Sequence[Mapping[str, Any]], y: str) -> None:
    bounds = [row["bounds"].get(y, {}) for row in rows]
    for name, value in bounds[0].items():
        if all(each.get(name) == value for each in bounds):
            ax.axhline(value, color=INK, lw=1, ls=(0, (6, 3)), zorder=1, gid=f"bound {name}")
            ax.annotate(
                name, (0.01, value), (0, 2), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
                size=FONT, color=INK, va="bottom",
            )  # fmt: skip
