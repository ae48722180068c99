"""A node of a network and its hardware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.theory.waiting import check_memory

_COUNTS = {"data": 0, "communication": 1, "memories": 0}


@dataclass(frozen=True, repr=False)
class Node:
    """The hardware of a node: qubits, memories and their lifetimes.

    A network takes a ``Node`` instead of a name. Values that are not given are unlimited: a node with only a name has as many
    qubits as a program uses, and its memories lose nothing. Terms are those of RFC 9340: only communication qubits make pairs
    over a link, and a pair can then go to a quantum memory.

    Args:
        name: Printable text that begins and ends with no space.
        data: Number of qubits that are used for computations only, at least 0.
        communication: Number of communication qubits, at least 1. It limits the simultaneous attempts over the node's links.
        memories: Number of memories for halves of pairs, at least 0.
        memory_t1: T1 of a memory in seconds.
        memory_t2: T2 of a memory in seconds, at most 2 T1. Default 2 T1: the memory loses energy, and has no further dephasing.

    Raises:
        ParameterError: If a value is out of range, or T2 is greater than 2 T1.

    Example:
        >>> Node("station1", memories=2, memory_t2=0.5)
        Node(name='station1', memories=2, memory_t2=0.5)
        >>> Node("station1", memory_t1=1).memory_times
        (1.0, 2.0)
    """

    name: str
    data: int | None = None
    communication: int | None = None
    memories: int | None = None
    memory_t1: float | None = None
    memory_t2: float | None = None

    def __post_init__(self) -> None:
        check_node_name(self.name)
        for field, least in _COUNTS.items():
            if getattr(self, field) is not None:
                count = check_count(f"{field} of node {self.name}", getattr(self, field), least)
                object.__setattr__(self, field, count)
        for field, seconds in zip(("memory_t1", "memory_t2"), self.memory_times, strict=True):
            if getattr(self, field) is not None:
                object.__setattr__(self, field, seconds)

    @property
    def memory_times(self) -> tuple[float, float]:
        """T1 and T2 of a memory in seconds, infinite if nothing is lost."""
        return check_memory(self.memory_t1, self.memory_t2)

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form, with only what was given."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Node:
        """Make a node of its plain form, or raise ParameterError."""
        known = [field.name for field in fields(cls)]
        unknown = set(plain) - set(known)
        if unknown or "name" not in plain:
            wrong = ", ".join(sorted(map(str, unknown))) or "no name"
            raise ParameterError(f"a node takes {', '.join(known)}, got {wrong}")
        return cls(**plain)

    def __repr__(self) -> str:
        return f"Node({', '.join(f'{name}={value!r}' for name, value in self.to_dict().items())})"


def check_node_name(name: str) -> str:
    """Return a name that can be a node's, or raise ParameterError."""
    if not isinstance(name, str) or not name.isprintable() or name != name.strip() or not name:
        raise ParameterError(
            f"a node name must be printable text that begins and ends with no space, got {name!r}"
        )
    return name
