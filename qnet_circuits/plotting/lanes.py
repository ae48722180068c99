"""Where the nodes and qubits of a story stand side by side: a column for each node, and a lane for each qubit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qnet_circuits.plotting.style import FONT, text_width

if TYPE_CHECKING:
    from qnet_circuits.runs.story.story import Story

#: Inches: the width of a qubit's lane, and the least width of all columns.
_LANE, _LEAST = 0.4, 4.4
#: Inches between nodes if they are few, and if they are many.
_WIDE, _NARROW = 0.9, 0.35
#: Up to so many nodes all are shown; of more, so many at either end.
_FEW_NODES, _ENDS = 8, 2


@dataclass(frozen=True)
class Column:
    """A node, or the nodes in the middle as one: its name, its left and right end, and the lane of each qubit."""

    name: str
    left: float
    right: float
    lanes: dict[int, float]
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Places:
    """Where everything is, in inches."""

    columns: tuple[Column, ...]
    labels: dict[float, str]
    width: float

    @classmethod
    def of(cls, story: Story) -> Places:
        """Return the places of a story: columns as wide as their lanes and names, and as far apart as there is room."""
        groups = _groups([node.name for node in story.nodes])
        own = {node.name: node.qubits for node in story.nodes}
        names = [group[0] if len(group) == 1 else _more(group) for group in groups]
        counts = [len(own[group[0]]) if len(group) == 1 else 1 for group in groups]
        widths = [
            max(count * _LANE, text_width(name, FONT) / 72 + 0.1)
            for count, name in zip(counts, names, strict=True)
        ]
        least = _WIDE if len(groups) <= 2 * _ENDS else _NARROW
        gap = max(least, (_LEAST - sum(widths)) / len(groups))
        columns: list[Column] = []
        left = gap / 2
        for group, name, width, count in zip(groups, names, widths, counts, strict=True):
            first = left + (width - (count - 1) * _LANE) / 2
            qubits = [qubit for node in group for qubit in own[node]]
            lanes = {qubit: first + (k * _LANE if len(group) == 1 else 0.0) for k, qubit in enumerate(qubits)}
            columns.append(Column(name, left, left + width, lanes, tuple(group)))
            left += width + gap
        alone = [column for column in columns if len(column.nodes) == 1]
        labels = {x: _lane_name(story, qubit) for column in alone for qubit, x in column.lanes.items()}
        return cls(tuple(columns), labels, left - gap / 2)

    def column(self, node: str) -> Column:
        """Return the column of a node."""
        return next(column for column in self.columns if node in column.nodes)

    def lane(self, qubit: int) -> tuple[float, bool]:
        """Return where a qubit's lane is, and whether it is that of several nodes."""
        column = next(each for each in self.columns if qubit in each.lanes)
        return column.lanes[qubit], len(column.nodes) > 1


def _groups(names: Sequence[str]) -> list[list[str]]:
    if len(names) <= _FEW_NODES:
        return [[name] for name in names]
    middle = list(names[_ENDS:-_ENDS])
    return [*([name] for name in names[:_ENDS]), middle, *([name] for name in names[-_ENDS:])]


def _more(nodes: Sequence[str]) -> str:
    kinds = {name.rstrip("0123456789") for name in nodes}
    kind = f"{kinds.pop()}s" if len(kinds) == 1 else "nodes"
    return f"… {len(nodes)} more\n{kind}"


def _lane_name(story: Story, qubit: int) -> str:
    own = story.qubits[qubit]
    number = own.name.rpartition("[")[2].rstrip("]")
    return f"[{number}]" if own.physical is None else f"[{number}]\nq{own.physical}"
