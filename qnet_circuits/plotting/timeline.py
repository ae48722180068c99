"""The picture of a circuit in time: what each qubit does on a device, and when it waits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.classical import read_bits
from qnet_circuits.compiling.compiled import Compiled, CompiledItem
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.devices.schedule import Rest, Timed, rests, waits
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
    "wait": ("#d9d9d9", "waits, and decays"),
}


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
    timed = Twin(Usable(compiled.device.calibration), noise).timed(chosen.circuit, chosen.qubits)
    ax = new_axes(ax, (9.0, 1.6 + 0.42 * len(chosen.qubits)))
    _draw_bars(ax, timed, waits(rests(timed)))
    _draw_messages(ax, timed)
    _finish(ax, f"{chosen.name} on {compiled.device.name}", chosen, max(each.end for each in timed))
    return ax


def _kind(each: Timed) -> str:
    if each.instruction.is_control_flow():
        return "decision"
    if each.name in ("measure", "reset"):
        return each.name
    return "pair" if len(each.wires) > 1 else "gate"


def _draw_bars(ax: Axes, timed: Sequence[Timed], waiting: Sequence[Rest]) -> None:
    """Draw everything that takes time as a bar on each of its wires, kind by kind."""
    bars: dict[str, list[tuple[int, float, float]]] = {kind: [] for kind in _KINDS}
    bars["wait"] = [(wait.wire, wait.start, wait.seconds) for wait in waiting]
    for each in timed:
        if not each.transparent and each.end > each.start:
            bars[_kind(each)] += [(wire, each.start, each.end - each.start) for wire in each.wires]
            if _kind(each) == "pair":
                middle = (each.start + each.end) / 2 * _MICROSECONDS
                ends = [min(each.wires), max(each.wires)]
                ax.plot([middle, middle], ends, color=_KINDS["pair"][0], linewidth=1.2, zorder=1.5)
    for kind, (colour, label) in _KINDS.items():
        if bars[kind]:
            wires, starts, lengths = np.array(bars[kind]).T
            edge = {"edgecolor": FAINT, "linewidth": 0.4, "zorder": 1} if kind == "wait" else {"zorder": 2}
            ax.barh(
                wires, lengths * _MICROSECONDS, left=starts * _MICROSECONDS, height=_HEIGHT, color=colour,
                label=label, gid=kind, **edge,
            )  # fmt: skip


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


def _finish(ax: Axes, title: str, item: CompiledItem, end: float) -> None:
    ax.set_yticks(range(len(item.qubits)), _labels(item), parse_math=False)
    ax.set_ylim(len(item.qubits) - 0.4, -0.6)
    whole = end * _MICROSECONDS
    ax.set_xlim(-0.01 * whole, 1.01 * whole)
    ax.set_xlabel("time (µs)", color=INK)
    ax.set_title(f"{title}, corrections={item.lowered.mode}", fontsize=10)
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.9 / len(item.qubits) - 0.12),
        ncols=min(6, len(ax.containers)), frameon=False, fontsize=8,
    )  # fmt: skip
    ax.spines[["top", "right"]].set_visible(False)


def _labels(item: CompiledItem) -> list[str]:
    """Return the name of each wire: the program's qubit, and the physical one that it begins on."""
    circuit = item.lowered.circuit
    names = [f"{register.name}[{k}]" for register in circuit.qregs for k in range(register.size)]
    begins = dict(zip(item.layout, names, strict=False))
    return [f"{begins.get(qubit, 'helper')}  q{qubit}" for qubit in item.qubits]
