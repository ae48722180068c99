"""The picture of a circuit in time: what each qubit does on a device, and when it waits."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.classical import read_bits
from qnet_circuits.compiling.compiled import Compiled, CompiledItem
from qnet_circuits.devices.device import DeviceNoise
from qnet_circuits.devices.schedule import Timed, Wait
from qnet_circuits.errors import UnsupportedError, check_name
from qnet_circuits.plotting.style import FAINT, INK, MESSAGE_COLOUR, PALETTE, new_axes

_MICROSECONDS = 1e6
_HEIGHT = 0.56
_KINDS = {
    "gate": (PALETTE[0], "gate on one qubit"),
    "pair": (PALETTE[1], "gate on two qubits"),
    "measure": (PALETTE[2], "measurement"),
    "decision": (PALETTE[3], "decision and its gate"),
    "reset": (PALETTE[4], "reset"),
}
_WAIT_COLOUR = "#d9d9d9"


def plot_timeline(
    compiled: Compiled, noise: DeviceNoise | None = None, item: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw when each qubit of a compiled circuit works, and when it waits and decays.

    Operations happen as late as possible. Grey is the time in which a qubit holds a state and nothing is done to it: it
    relaxes with T1 and T2. An arrow is a measured bit on its way to a decision, the feed-forward latency included.

    Args:
        compiled: A program compiled for a device.
        noise: Gives the latency. Default: ``DeviceNoise()``.
        item: Name of the circuit; the first by default.
        ax: Axes to draw on; those of a new figure by default.

    Returns:
        The axes, with time in µs.

    Raises:
        UnsupportedError: If the program was compiled for no device, which has no durations.
        UnknownNameError: If there is no such circuit.

    Example:
        >>> import qnet_circuits as qn
        >>> compiled = qn.compile(qn.Teleportation(state="+"), "aer:fake_kingston", corrections="feedforward")
        >>> ax = plot_timeline(compiled)
        >>> ax.get_xlabel()
        'time (µs)'
    """
    if compiled.device is None:
        raise UnsupportedError(
            "without a device nothing takes time; compile for one, such as aer:fake_kingston"
        )
    names = [each.name for each in compiled]
    chosen = compiled.items[0 if item is None else names.index(check_name("circuit", item, names))]
    timed, waiting = Twin(compiled.device, noise or DeviceNoise(), compiled.decoupling).timeline(chosen)
    ax = new_axes(ax, (9.0, 1.6 + 0.42 * len(chosen.qubits)))
    _draw_waits(ax, waiting)
    drawn = _draw_operations(ax, timed)
    _draw_messages(ax, timed)
    _finish(ax, compiled, chosen, timed, drawn, bool(waiting))
    return ax


def _draw_waits(ax: Axes, waiting: Sequence[Wait]) -> None:
    for wait in waiting:
        ax.barh(
            wait.wire, wait.seconds * _MICROSECONDS, left=wait.start * _MICROSECONDS, height=_HEIGHT,
            color=_WAIT_COLOUR, edgecolor=FAINT, linewidth=0.4, zorder=1, gid="wait",
        )  # fmt: skip


def _kind(each: Timed) -> str:
    if each.instruction.is_control_flow():
        return "decision"
    if each.name in ("measure", "reset"):
        return each.name
    return "pair" if len(each.wires) > 1 else "gate"


def _draw_operations(ax: Axes, timed: Sequence[Timed]) -> set[str]:
    """Draw everything that takes time, and return the kinds that were drawn."""
    drawn = set()
    for each in timed:
        if each.transparent or each.end <= each.start:
            continue
        kind = _kind(each)
        drawn.add(kind)
        colour, _ = _KINDS[kind]
        length = (each.end - each.start) * _MICROSECONDS
        for wire in each.wires:
            ax.barh(
                wire,
                length,
                left=each.start * _MICROSECONDS,
                height=_HEIGHT,
                color=colour,
                zorder=2,
                gid=kind,
            )
        if kind == "pair":
            low, high = min(each.wires), max(each.wires)
            middle = (each.start + each.end) / 2 * _MICROSECONDS
            ax.plot([middle, middle], [low, high], color=colour, linewidth=1.2, zorder=1.5)
    return drawn


def _draw_messages(ax: Axes, timed: Sequence[Timed]) -> None:
    """Draw an arrow from the measurement of each bit to each decision that it is the last to reach."""
    measured: dict[int, Timed] = {}
    for each in sorted(timed, key=lambda each: each.position):
        if each.name == "measure":
            measured[each.bits[0]] = each
        elif read_bits(each.instruction):
            senders = {(measured[bit].wires[0], measured[bit].end) for bit in each.bits if bit in measured}
            for wire, end in senders:
                ax.annotate(
                    "", (each.start * _MICROSECONDS, each.wires[0]), (end * _MICROSECONDS, wire), zorder=3,
                    arrowprops={"arrowstyle": "-|>", "color": MESSAGE_COLOUR, "linestyle": "--", "linewidth": 0.9},
                )  # fmt: skip


def _finish(
    ax: Axes, compiled: Compiled, item: CompiledItem, timed: Sequence[Timed], drawn: set[str], waits: bool
) -> None:
    ax.set_yticks(range(len(item.qubits)), _labels(item))
    ax.set_ylim(len(item.qubits) - 0.4, -0.6)
    whole = max(each.end for each in timed) * _MICROSECONDS
    ax.set_xlim(-0.01 * whole, 1.01 * whole)
    ax.set_xlabel("time (µs)", color=INK)
    assert compiled.device is not None
    ax.set_title(f"{item.name} on {compiled.device.name}, corrections={item.lowered.mode}", fontsize=10)
    handles = [Patch(color=colour, label=label) for kind, (colour, label) in _KINDS.items() if kind in drawn]
    if waits:
        handles.append(Patch(facecolor=_WAIT_COLOUR, edgecolor=FAINT, label="waits, and decays"))
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.9 / len(item.qubits) - 0.12),
        ncols=min(6, len(handles)), frameon=False, fontsize=8,
    )  # fmt: skip
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _labels(item: CompiledItem) -> list[str]:
    """Return the name of each wire: the program's qubit, and the physical one that it begins on."""
    circuit = item.lowered.circuit
    names = [f"{register.name}[{k}]" for register in circuit.qregs for k in range(register.size)]
    begins = dict(zip(item.layout, names, strict=False))
    return [f"{begins.get(qubit, 'helper')}  q{qubit}" for qubit in item.qubits]
