"""The plot of copies: the chip, with the qubits of each copy in the colour of its figure, and where copies touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.chip import chip_places, draw_qubits, draw_scale
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import FAINT, FONT, INK, LINK_COLOUR, span

if TYPE_CHECKING:
    from qnet_circuits.runs.results.result import Result

_COLOURS = "viridis"
#: The colour of a copy without a value.
_UNKNOWN = "#c8c8c8"


def plot_copies(result: Result, ax: Axes | None = None) -> Axes:
    """Draw a chip with the copies of a program, each in the colour of the figure by which copies are judged.

    A coupling that joins two copies is dashed: predictions do not include crosstalk between copies.

    Args:
        result: The result of a run with several copies.
        ax: Axes to draw on. Default: those of a new Matplotlib figure.

    Returns:
        The axes.

    Raises:
        ParameterError: If the result does not come from a run with copies.

    Example:
        >>> import qnet_circuits as qn
        >>> result = qn.run(qn.RepeaterChain(hops=1), "aer:fake_nairobi", copies=2, shots=100, seed=1)
        >>> ax = qn.plot_copies(result)
        >>> sum(line.get_gid() == "copy" for line in ax.lines)
        2
    """
    if not result.copies:
        raise ParameterError(
            f"{result.title} has no copies; give the result of a run with copies above 1 or 'max'"
        )
    copies, name = result.copies, result.copies["figure"]
    owner = {qubit: number for number, own in enumerate(copies["qubits"], 1) for qubit in own}
    values = copies["figures"].get(name, {}).get("value", [None] * copies["count"])
    known = [value for value in values if value is not None] or [0.0]
    scale = Normalize(min(known), max(known) if max(known) > min(known) else min(known) + 0.01)
    colours = [_UNKNOWN if value is None else plt.get_cmap(_COLOURS)(scale(value)) for value in values]
    couplings = [(a, b) for a, b in copies["couplings"]]
    places = chip_places(couplings)
    pen = draw_qubits(ax, places, (6.2, 2.4), below=1.1)
    touching = {tuple(pair) for pair, _ in copies["touching"]}
    for a, b in couplings:
        xs, ys = zip(places[a], places[b], strict=True)
        if (a, b) in touching:
            pen.line(
                xs,
                ys,
                0.12,
                color=LINK_COLOUR,
                ls=(0, (0.7, 0.5)),
                dash_capstyle="butt",
                zorder=1,
                gid="touching",
            )
        elif a in owner and owner.get(a) == owner.get(b):
            pen.line(xs, ys, 0.24, color=colours[owner[a] - 1], zorder=2, gid="copy")
        else:
            pen.line(xs, ys, 0.05, color=FAINT, zorder=1, gid="free")
    for qubit, number in owner.items():
        pen.disc(*places[qubit], 0.36, colours[number - 1], edge=colours[number - 1], zorder=2.5, gid="qubit")
    ax = pen.ax
    if any(value is not None for value in values):
        draw_scale(ax, scale, _COLOURS, f"{name} of each copy")
    dashed = [line for line in ax.lines if line.get_gid() == "touching"]
    if dashed:
        ax.legend(
            dashed[:1], ["two copies touch"], loc="upper center", bbox_to_anchor=(0.5, 0), frameon=False, fontsize=FONT,
            handlelength=2.5,
        )  # fmt: skip
    title = f"{copies['count']} copies of {result.title}"
    ax.set_title(title, size=11, color=INK, wrap=True)
    there = [value for value in values if value is not None]
    said = f"{name} of each {span(there)}" if there else f"{name} of none known"
    describe(
        ax,
        f"{title}: chip with {len(owner)} qubits in use, {said}; copies touch at {len(touching)} couplings.",
    )
    return ax
