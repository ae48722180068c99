"""The rows of a timeline: who holds which qubit of a device, from when to when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from qnet_circuits.compiling.building import fence_label
from qnet_circuits.compiling.compiled import CompiledItem
from qnet_circuits.devices.schedule import Rest, Timed, makespan
from qnet_circuits.plotting.repeats import few
from qnet_circuits.programs.instructions import TRANSMIT

#: What is done to a qubit, beside waiting.
WAIT = "wait"


@dataclass(frozen=True)
class Bar:
    """A time in which something is done to a wire, or nothing: ``kind`` is what.

    Args:
        kind: ``gate``, ``pair``, ``measure``, ``decision``, ``reset`` or ``wait``.
        start: Its begin in seconds.
        end: Its end.
    """

    kind: str
    start: float
    end: float


@dataclass(frozen=True)
class Life:
    """A row: a wire for as long as one node has its qubit.

    Args:
        name: The program's qubit.
        wire: The wire.
        since: When the node gets it, in seconds.
        until: When the node gives it away.
        bars: What happens meanwhile.
    """

    name: str
    wire: int
    since: float
    until: float
    bars: tuple[Bar, ...] = ()

    @property
    def node(self) -> str:
        """The name of the node."""
        return self.name.rpartition("[")[0]


@dataclass(frozen=True)
class Row:
    """One row of a timeline, or a row that stands for several: its lives, and what is written at it."""

    lives: tuple[Life, ...]
    label: str


def kind_of(each: Timed) -> str:
    """Return the kind of an operation, for the colour of its bar."""
    if each.instruction.is_control_flow():
        return "decision"
    if each.name in ("measure", "reset"):
        return each.name
    return "pair" if len(each.wires) > 1 else "gate"


def rows_of(item: CompiledItem, timed: Sequence[Timed], waiting: Sequence[Rest]) -> list[Row]:
    """Return the rows of a circuit in time; of many nodes or wires alike, one row stands for all but the first and the last."""
    bars = [(wait.wire, Bar(WAIT, wait.start, wait.end)) for wait in waiting]
    for each in timed:
        if not each.transparent and each.end > each.start:
            bars += [(wire, Bar(kind_of(each), each.start, each.end)) for wire in each.wires]
    lives = [_with_bars(life, bars) for life in _lives(item, timed)]
    groups = [list(group) for _, group in groupby(range(len(lives)), key=lambda k: lives[k].node)]
    parts = few(groups, {k: _kinds(life) for k, life in enumerate(lives)})
    return [Row(found := tuple(lives[k] for k in part), _label(found, item.qubits)) for part in parts]


def _lives(item: CompiledItem, timed: Sequence[Timed]) -> Iterator[Life]:
    """Yield a row for each node that has a wire: a qubit that is sent without a gate gets another name on its way.

    Rows come in the order of the program's qubits, and helpers last.
    """
    circuit = item.lowered.circuit
    names = [f"{register.name}[{k}]" for register in circuit.qregs for k in range(register.size)]
    begins = dict(zip(item.layout, names, strict=False))
    order = {qubit: k for k, qubit in enumerate(item.layout)}
    for wire in sorted(range(len(item.qubits)), key=lambda wire: order.get(item.qubits[wire], len(order))):
        name, since = begins.get(item.qubits[wire], "helper"), 0.0
        for each in timed:
            sent = _received(each) if each.wires == (wire,) else None
            if sent is not None and sent != name:
                yield Life(name, wire, since, each.start)
                name, since = sent, each.start
        yield Life(name, wire, since, makespan(timed))


def _received(each: Timed) -> str | None:
    """Return the qubit that a transmission ends at, if the operation is the fence behind it."""
    operation, _, end = (fence_label(each.instruction) or "").partition(":")
    qubit, _, side = end.rpartition(":")
    return qubit if operation.startswith(TRANSMIT) and side == "out" else None


def _with_bars(life: Life, bars: Sequence[tuple[int, Bar]]) -> Life:
    """Return a row with its bars; one that lasts longer than its node has the qubit is cut."""
    own = [
        Bar(bar.kind, max(bar.start, life.since), min(bar.end, life.until))
        for wire, bar in bars
        if wire == life.wire and bar.start < life.until and bar.end > life.since
    ]
    return Life(life.name, life.wire, life.since, life.until, tuple(sorted(own, key=lambda bar: bar.start)))


def _kinds(life: Life) -> tuple[str, ...]:
    """Return the kinds of operations in a row except waiting, each once, in their order."""
    return tuple(dict.fromkeys(bar.kind for bar in life.bars if bar.kind != WAIT))


def _label(lives: Sequence[Life], qubits: Sequence[int]) -> str:
    first, last = lives[0], lives[-1]
    if len(lives) == 1:
        return f"{first.name}  q{qubits[first.wire]}"
    same = first.node == last.node
    ends = (first.name, last.name) if same else (first.node, last.node)
    return f"… {len(lives)} more\n{ends[0]} to {ends[1]}"
