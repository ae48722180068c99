"""The plot of a program's place on a chip: the qubits of each node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from qnet_circuits.backends.registry import stand_in_device
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import QnetError
from qnet_circuits.plotting.chip import Edge, chip_places, draw_qubits
from qnet_circuits.plotting.placed_item import placed_item
from qnet_circuits.plotting.saving import describe
from qnet_circuits.plotting.style import FAINT, FONT, INK, LINK_COLOUR, PALETTE, listed

#: Of more nodes than these the legend has the first ones and the last.
_LISTED = 8


def plot_placement(compiled: Compiled, item: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the chip with the qubits on which each node of a circuit begins, in a colour of its own.

    A coupling between the qubits of two nodes is orange, as links are. A coupling within a node is black, and all others are
    grey.

    Args:
        compiled: A program compiled for a device.
        item: Name of the circuit; the first by default.
        ax: Axes to draw on. Default: those of a new Matplotlib figure.

    Returns:
        The axes.

    Raises:
        ParameterError: If it is not a compiled program.
        UnsupportedError: If the program was compiled for no device.
        UnknownNameError: If there is no such circuit.

    Example:
        >>> import qnet_circuits as qn
        >>> compiled = qn.compile(qn.RepeaterChain(hops=2), "aer:fake_manila", layout=[0, 1, 2, 3])
        >>> [label.get_text() for label in qn.plot_placement(compiled).get_legend().get_texts()]
        ['alice: 0', 'station1: 1 and 2', 'bob: 3']
    """
    chosen, device = placed_item(compiled, item, "plot_placement", "there are no qubits")
    circuit = next(each.circuit for each in compiled.program if each.name == chosen.source)
    nodes = {
        register.name: [chosen.layout[circuit.find_bit(qubit).index] for qubit in register]
        for register in circuit.qregs
    }
    return _draw(_couplings(device), nodes, f"{chosen.name} on {device.name}", ax)


def _couplings(device: Device) -> list[Edge]:
    """Return the couplings of a chip: of a stand-in all, else those that the calibration at hand has."""
    known = {(min(pair), max(pair)) for pair in device.calibration.couplings}
    try:
        whole = stand_in_device(device.name).couplings
    except QnetError:
        return sorted(known)
    every = {(min(pair), max(pair)) for pair in whole}
    return sorted(every if known <= every else known)


def _draw(couplings: Sequence[Edge], nodes: Mapping[str, Sequence[int]], title: str, ax: Axes | None) -> Axes:
    """Draw the couplings of a chip, and the physical qubits of each node."""
    own = {qubit: node for node, qubits in nodes.items() for qubit in qubits}
    colours = {node: PALETTE[k % len(PALETTE)] for k, node in enumerate(nodes)}
    joined = {qubit for edge in couplings for qubit in edge}
    # A qubit without a coupling stands beside itself.
    places = chip_places([*couplings, *((qubit, qubit) for qubit in own if qubit not in joined)])
    faces = {qubit: colours[node] for qubit, node in own.items()}
    pen = draw_qubits(ax, places, (6.2, 2.8), 1.9, faces)
    for a, b in couplings:
        xs, ys = zip(places[a], places[b], strict=True)
        used = a in own and b in own
        colour = FAINT if not used else INK if own[a] == own[b] else LINK_COLOUR
        pen.line(xs, ys, 0.14 if used else 0.05, color=colour, zorder=1, gid="used" if used else "free")
    said = {node: f"{node}: {listed([str(qubit) for qubit in qubits])}" for node, qubits in nodes.items()}
    shown = list(nodes) if len(nodes) <= _LISTED else [*list(nodes)[: _LISTED - 2], *list(nodes)[-1:]]
    handles = [Patch(color=colours[node], label=said[node]) for node in shown]
    if len(nodes) > _LISTED:
        handles.insert(-1, Patch(color="none", label=f"… {len(nodes) - len(shown)} more"))
    pen.ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0), frameon=False, fontsize=FONT, ncols=min(3, len(handles)),
    )  # fmt: skip
    pen.ax.set_title(title, size=FONT + 2, color=INK)
    describe(
        pen.ax,
        f"{title}. Physical qubits of each node: {'; '.join(str(handle.get_label()) for handle in handles)}.",
    )
    return pen.ax
