"""The base of protocols that measure every coupling of a device: their edges, and circuits of many links at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

from qiskit import QuantumCircuit

from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.programs.colouring import Edge, Line
from qnet_circuits.programs.expressions import Expression, parity
from qnet_circuits.programs.program import Item
from qnet_circuits.programs.protocol import Protocol

#: More edges than these are counted, not listed.
_SHOWN = 6


@dataclass(frozen=True)
class CouplingsProtocol(Protocol):
    """A protocol over the couplings of a device. A subclass inherits the field.

    Args:
        edges: Pairs of physical qubits. Default: all couplings of the device, but for those whose calibration failed.

    Raises:
        ParameterError: If edges are not pairs of different qubits, or an edge is given twice.
    """

    edges: tuple[Edge, ...] | None = None

    def __post_init__(self) -> None:
        if self.edges is not None:
            object.__setattr__(self, "edges", _checked(self.edges))

    def on_couplings(self, couplings: Sequence[Edge]) -> Self:
        """Return the protocol for all these couplings, if no edges were given."""
        return self if self.edges is not None else replace(self, edges=tuple(couplings))

    @property
    def id(self) -> str:
        """Name and parameters in one line, with the number of edges where they are many."""
        if self.edges is None or len(self.edges) <= _SHOWN:
            return super().id
        rest = [f"{name}={value}" for name, value in self.parameters.items() if name != "edges"]
        return f"{self.name}({', '.join([f'{len(self.edges)} edges', *rest])})"


def measured(
    colours: Sequence[Sequence[Line]],
    circuit: Callable[[Sequence[Line], str], QuantumCircuit],
    kind: str = "",
) -> tuple[list[Item], dict[Line, list[Expression]]]:
    """Return three circuits for each colour, of the settings XX, YY and ZZ, and what they measure on each link or line.

    Args:
        colours: Links, or lines of qubits; those of one colour run at once.
        circuit: Makes the circuit that measures a Pauli on both ends of each place, into the next two bits of ``out``.
        kind: What the names of the circuits begin with.
    """
    items: list[Item] = []
    means: dict[Line, list[Expression]] = {}
    for colour, places in enumerate(colours):
        layout = tuple(qubit for place in places for qubit in place)
        for setting in ("xx", "yy", "zz"):
            name, tags = f"{kind}{setting}_{colour}", {"setting": setting, "colour": colour}
            items.append(Item(name, circuit(places, setting[0].upper()), tags, layout=layout, fixed=True))
            for k, place in enumerate(places):
                means.setdefault(place, []).append(parity(name, [("out", 2 * k), ("out", 2 * k + 1)]))
    return items, means


def _checked(edges: Any) -> tuple[Edge, ...]:
    """Return edges in order, the smaller qubit of each first, or raise ParameterError."""
    try:
        pairs = [tuple(check_count("a qubit of edges", qubit, 0) for qubit in edge) for edge in edges]
    except TypeError:
        raise ParameterError(
            f"edges must be pairs of qubits, such as [[0, 1], [1, 2]], got {edges!r}"
        ) from None
    for pair in pairs:
        if len(pair) != 2 or pair[0] == pair[1]:
            raise ParameterError(f"each of the edges must join two different qubits, got {list(pair)}")
    ordered = sorted((min(pair), max(pair)) for pair in pairs)
    twice = [edge for edge, after in pairwise(ordered) if edge == after]
    if twice:
        raise ParameterError(f"edges has {list(twice[0])} twice; give it once")
    if not ordered:
        raise ParameterError("edges must hold at least one pair of qubits, got none")
    return tuple(ordered)
