"""The picture of a program's place on a chip: which qubits each node has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from qnet_circuits.plotting.chip import Edge, chip_places, draw_qubits
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import FAINT, INK, LINK_COLOUR, PALETTE, PAPER, listed

#: So many nodes have an entry in the legend.
_LISTED = 8


def plot_placement(
    couplings: Sequence[Edge], nodes: Mapping[str, Sequence[int]], title: str = "", ax: Axes | None = None
) -> Axes:
    """Draw a chip with the qubits of each node in a colour of its own.

    A coupling between the qubits of two nodes is orange, as a link is; one within a node is black, and all others grey.

    Args:
        couplings: The couplings of the chip, pairs of physical qubits.
        nodes: The physical qubits of each node, by its name.
        title: Title of the plot.
        ax: Axes to draw on; those of a new figure by default.

    Returns:
        The axes.

    Example:
        >>> ax = plot_placement([(0, 1), (1, 2), (2, 3)], {"alice": [0, 1], "bob": [2]})
        >>> [label.get_text() for label in ax.get_legend().get_texts()]
        ['alice: 0 and 1', 'bob: 2']
    """
    own = {qubit: node for node, qubits in nodes.items() for qubit in qubits}
    colours = {node: PALETTE[k % len(PALETTE)] for k, node in enumerate(nodes)}
    joined = {qubit for edge in couplings for qubit in edge}
    # A qubit without a coupling stands beside itself.
    places = chip_places([*couplings, *((qubit, qubit) for qubit in own if qubit not in joined)])
    pen = draw_qubits(ax, places, (4.2, 2.2), below=1.2)
    for a, b in couplings:
        xs, ys = zip(places[a], places[b], strict=True)
        used = a in own and b in own
        colour = FAINT if not used else INK if own[a] == own[b] else LINK_COLOUR
        pen.line(xs, ys, 0.14 if used else 0.05, color=colour, zorder=1, gid="used" if used else "free")
    for qubit, node in own.items():
        pen.disc(*places[qubit], 0.36, colours[node], edge=colours[node], zorder=5.5, gid="own")
        ink = PAPER if colours[node] in PALETTE[:2] else INK  # the lighter colours need dark text
        pen.text(*places[qubit], str(qubit), 0.26, color=ink, weight="bold", zorder=6)
    said = {node: f"{node}: {listed([str(qubit) for qubit in qubits])}" for node, qubits in nodes.items()}
    if len(nodes) <= _LISTED:
        pen.ax.legend(
            [Patch(color=colours[node]) for node in nodes], said.values(), loc="upper center", bbox_to_anchor=(0.5, 0),
            frameon=False, fontsize=9, ncols=min(4, len(nodes)),
        )  # fmt: skip
    pen.ax.set_title(title, size=11, color=INK, wrap=True)
    describe(
        pen.ax, f"{title or 'Qubits of a chip'}. Physical qubits of each node: {'; '.join(said.values())}."
    )
    return pen.ax
