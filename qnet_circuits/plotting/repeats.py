"""Which wires of a circuit its plot shows: those that are used, and of many alike the first and the last."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from qiskit import QuantumCircuit

#: Up to so many wires all are shown, and so many nodes or wires alike are not worth leaving out.
_FEW_WIRES, _FEW_ALIKE = 12, 3
T = TypeVar("T")
_NOTHING = ("barrier", "delay")


@dataclass(frozen=True)
class Rows:
    """The rows of a plot.

    Args:
        wires: Name of each row's qubit, or what a row says that stands for several.
        nodes: Name of each row's node, empty for a qubit without a register and for rows of several nodes.
        of: The row of each qubit that has one; those left out have the row that stands for them.
        gaps: The rows that stand for several qubits.
    """

    wires: tuple[str, ...]
    nodes: tuple[str, ...]
    of: dict[int, int]
    gaps: frozenset[int]


def rows_of(circuit: QuantumCircuit, names: Sequence[str], nodes: Sequence[str], collapse: bool) -> Rows:
    """Return the rows of a circuit's plot.

    Args:
        circuit: The circuit.
        names: Name of each qubit.
        nodes: Name of each qubit's node.
        collapse: Whether of more than three nodes or wires with the same instructions only the first and the last are shown,
            in a circuit of more than 12 wires.
    """
    acts = _acts(circuit)
    used = [qubit for qubit in acts if acts[qubit]] or list(acts)
    groups = [list(group) for _, group in groupby(used, key=lambda qubit: nodes[qubit])]
    parts = few(groups, acts) if collapse else [[qubit] for qubit in used]
    wires = [names[part[0]] if len(part) == 1 else _more(part, names, nodes) for part in parts]
    owners = [{nodes[qubit] for qubit in part} for part in parts]
    of = {qubit: row for row, part in enumerate(parts) for qubit in part}
    gaps = frozenset(row for row, part in enumerate(parts) if len(part) > 1)
    return Rows(tuple(wires), tuple(own.pop() if len(own) == 1 else "" for own in owners), of, gaps)


def _acts(circuit: QuantumCircuit) -> dict[int, tuple[tuple[str, int], ...]]:
    """Return the instructions on each qubit: their names, and the qubit's place in them."""
    acts: dict[int, list[tuple[str, int]]] = {qubit: [] for qubit in range(circuit.num_qubits)}
    for each in circuit.data:
        if each.operation.name not in _NOTHING:
            for place, qubit in enumerate(each.qubits):
                acts[circuit.find_bit(qubit).index].append((each.operation.name, place))
    return {qubit: tuple(done) for qubit, done in acts.items()}


def few(groups: Sequence[list[int]], acts: Mapping[int, Hashable]) -> list[list[int]]:
    """Return what each row stands for: one number, or all but the first and the last of many groups or numbers alike.

    Args:
        groups: Numbers, as of qubits, in groups, as of nodes. Up to 12 numbers have a row each.
        acts: What is the same for numbers that are alike.

    Example:
        >>> few([[0], *([k] for k in range(1, 20)), [20]], {k: 0 < k < 20 for k in range(21)})
        [[0], [1], [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18], [19], [20]]
    """
    if sum(map(len, groups)) <= _FEW_WIRES:
        return [[number] for group in groups for number in group]
    rows: list[list[int]] = []
    for _, run in groupby(groups, key=lambda group: [acts[number] for number in group]):
        first, hidden, last = _parted(list(run))
        rows += [row for group in first for row in _wires(group, acts)]
        rows += [[number for group in hidden for number in group]] if hidden else []
        rows += [row for group in last for row in _wires(group, acts)]
    return rows


def _wires(group: list[int], acts: Mapping[int, Hashable]) -> Iterator[list[int]]:
    """Yield the rows of one node."""
    for _, run in groupby(group, key=lambda number: acts[number]):
        first, hidden, last = _parted(list(run))
        yield from ([number] for number in first)
        yield from [hidden] if hidden else []
        yield from ([number] for number in last)


def _parted(alike: list[T]) -> tuple[list[T], list[T], list[T]]:
    """Return the first, those that are left out, and the last; few are all first."""
    return (alike[:1], alike[1:-1], alike[-1:]) if len(alike) > _FEW_ALIKE else (alike, [], [])


def _more(part: Sequence[int], names: Sequence[str], nodes: Sequence[str]) -> str:
    """Return the text of a row for several qubits."""
    there = list(dict.fromkeys(nodes[qubit] for qubit in part))
    if len(there) == 1:
        return f"… {len(part)} more\n{names[part[0]]} to {names[part[-1]]}"
    return f"… {len(there)} more nodes\n{there[0]} to {there[-1]}"
