"""The plot of the service for the users of a network: a line for each request, a mark for each policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from qnet_circuits.errors import ParameterError, check_name
from qnet_circuits.plotting.bars import draw_legend
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import FAINT, FONT, INK, MARKERS, PALETTE, arms, new_axes

if TYPE_CHECKING:
    from qnet_circuits.repeaters.requests import Served
    from qnet_circuits.theory.estimate import Estimate

_LABELS = {
    "pairs_per_second": "pairs per second",
    "latency_s": "seconds until the last pair, if it comes in time",
    "served": "probability that all pairs come in time",
    "fidelity": "fidelity",
}
#: So many requests are read out.
_READ = 12


def plot_requests(
    found: Sequence[Served] | Mapping[str, Sequence[Served]],
    quantity: str = "pairs_per_second",
    ax: Axes | None = None,
) -> Axes:
    r"""Draw the service of each request, such as its pairs per second, with intervals.

    If there is no value, such as the latency of a request that is never served in time, its line says so. The axis begins at 0
    so that lengths can be compared; only the axis of fidelities does not.

    Args:
        found: The return value of ``serve_requests``, or several by name for the same requests, for example one for each
            policy.
        quantity: ``pairs_per_second``, ``latency_s``, ``served`` or ``fidelity``.
        ax: Axes to draw on. Default: those of a new Matplotlib figure.

    Returns:
        The axes.

    Raises:
        ParameterError: If there is nothing to draw, requests differ, or there is no such quantity.

    Example:
        >>> import qnet_circuits as qn
        >>> star = qn.Network.star(4, qn.Link(length_km=10, scheme="sender"))
        >>> asked = [qn.Request("party1", "party2", 3), qn.Request("party3", "party4")]
        >>> ax = qn.plot_requests(qn.serve_requests(star, asked, rounds=200, seed=1))
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['party1-party2\n3 pairs', 'party3-party4\n1 pair']
    """
    check_name("quantity", quantity, _LABELS)
    table = dict(found) if isinstance(found, Mapping) else {"": found}
    asked = [[each.request for each in row] for row in table.values()]
    if not asked or not asked[0]:
        raise ParameterError("there are no requests to draw; give the return value of serve_requests")
    if any(each != asked[0] for each in asked):
        raise ParameterError("only results for the same requests can be compared; give those of one network")
    own = ax is None
    ax = new_axes(ax, (6.4, 1.6 + (0.35 + 0.2 * len(table)) * len(asked[0])))
    shifts = np.linspace(-0.25, 0.25, len(table)) if len(table) > 1 else np.zeros(1)
    for k, (name, row) in enumerate(table.items()):
        _draw_row(ax, [getattr(each, quantity) for each in row], float(shifts[k]), k, name)
    _label(ax, [f"{each.users}\n{each.pairs} pair{'s' * (each.pairs > 1)}" for each in asked[0]], quantity)
    if len(table) > 1 and own:
        draw_legend(ax, ax.get_legend_handles_labels()[0])
    elif len(table) > 1:
        ax.legend(fontsize=FONT)
    describe(ax, _words(table, quantity))
    return ax


def _words(table: Mapping[str, Sequence[Served]], quantity: str) -> str:
    """Return the alt text."""
    said = []
    for name, row in table.items():
        values = [f"{each.request.users} {getattr(each, quantity) or 'none'}" for each in row[:_READ]]
        more = f" and {len(row) - _READ} more" if len(row) > _READ else ""
        said.append(f"{f'{name}: ' if name else ''}{', '.join(values)}{more}")
    return f"{_LABELS[quantity].capitalize()} for each request. {'; '.join(said)}."


def _draw_row(ax: Axes, values: Sequence[Estimate | None], shift: float, k: int, name: str) -> None:
    """Draw one mark for each request."""
    there = {line + shift: each for line, each in enumerate(values) if each is not None}
    ax.errorbar(
        [each.value for each in there.values()], list(there), xerr=arms(list(there.values())),
        fmt=MARKERS[k % len(MARKERS)], color=PALETTE[k % len(PALETTE)], ms=5, capsize=3, label=name,
        gid=name or "requests", clip_on=False, zorder=3,
    )  # fmt: skip
    for line, each in enumerate(values):
        if each is None:
            ax.annotate(
                "none", (0, line + shift), (4, 0), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
                size=FONT, color=PALETTE[k % len(PALETTE)], va="center",
            )  # fmt: skip


def _label(ax: Axes, names: Sequence[str], quantity: str) -> None:
    """Name the lines and the axis."""
    ax.set_yticks(range(len(names)), names, size=FONT)
    ax.set_ylim(len(names) - 0.5, -0.5)
    for line in range(1, len(names)):
        ax.axhline(line - 0.5, color=FAINT, lw=0.6, zorder=0)
    if quantity != "fidelity":
        ax.set_xlim(0, 1.05 * max(ax.get_xlim()[1], 1e-12))
    if quantity == "served":
        ax.set_xlim(0, 1.02)
    ax.set_xlabel(_LABELS[quantity], size=FONT, color=INK)
    ax.tick_params(labelsize=FONT)
    ax.spines[["top", "right"]].set_visible(False)
