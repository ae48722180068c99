"""Graph states: their stabilizers, and their fidelity over Bell-diagonal pairs.

A graph state is |+> at each vertex and a controlled Z along each edge. Its stabilizers are the products of the generators g_v,
X at v and Z at the neighbours of v. The fidelity is the mean of all 2^n stabilizers. Vertices are numbered from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from math import prod

from qnet_circuits.theory.bell_diagonal import Weights, check_weights

Edge = tuple[int, int]

#: More parties have too many stabilizers for the fidelity to be measured; the bound needs the generators alone.
MOST_PARTIES = 6
#: A graph state is nearer than this to no state that is a product across a split: F above 1/2 proves genuine entanglement.
ENTANGLED: float = 0.5


def stabilizer(vertices: Iterable[int], parties: int, edges: Sequence[Edge]) -> tuple[int, str]:
    """Return the product of the generators of some vertices: its sign, and a Pauli for each vertex.

    Example:
        >>> line = [(0, 1), (1, 2)]
        >>> stabilizer([1], 3, line), stabilizer([0, 1], 3, line), stabilizer([0, 1, 2], 3, line)
        ((1, 'ZXZ'), (1, 'YYZ'), (-1, 'YXY'))
    """
    chosen = sorted(set(vertices))
    near = _neighbours(parties, edges)
    letters, power = [], 0  # the sign is i to this power
    for v in range(parties):
        before = sum(u < v for u in chosen if u in near[v])
        turned = sum(u in near[v] for u in chosen)
        if v not in chosen:
            letters.append("IZ"[turned % 2])
            continue
        # Z^before X Z^after, and X Z = -i Y.
        power += 2 * before - turned % 2
        letters.append("XY"[turned % 2])
    return (1, -1)[power % 4 // 2], "".join(letters)


def stabilizers(parties: int, edges: Sequence[Edge]) -> list[tuple[int, str]]:
    """Return all 2^n stabilizers, the identity first.

    Example:
        >>> stabilizers(2, [(0, 1)])
        [(1, 'II'), (1, 'ZX'), (1, 'XZ'), (1, 'YY')]
    """
    return [stabilizer(each, parties, edges) for each in _subsets(parties)]


def witness_bound(generators: Iterable[float]) -> float:
    """Return the lower bound on the fidelity that follows from the means of the generators, 1 - Σ (1 - <g>)/2.

    Each generator that is -1 excludes the graph state, and the probability of any of several events is at most the sum of
    theirs (Tóth and Gühne, quant-ph/0405165).

    Example:
        >>> witness_bound([1.0, 1.0, 0.9])
        0.95
    """
    return 1 - sum((1 - mean) / 2 for mean in generators)


def from_source(parties: int, edges: Sequence[Edge], arms: Sequence[Weights]) -> dict[str, float]:
    """Return fidelity and witness bound of a graph state whose qubits received the errors of arms.

    The mean of a stabilizer is the product over the vertices of q_I + q_P - q_Q - q_R, where P is its Pauli there.

    Args:
        parties: Number of vertices.
        edges: The edges.
        arms: Weights of the error of each vertex.

    Example:
        >>> from qnet_circuits.theory.bell_diagonal import werner
        >>> {name: round(value, 4) for name, value in from_source(3, [(0, 1), (1, 2)], [werner(0.95)] * 3).items()}
        {'fidelity': 0.8582, 'witness_bound': 0.7776}
    """
    checked = [check_weights(arm) for arm in arms]

    def mean(chosen: Iterable[int]) -> float:
        _, paulis = stabilizer(chosen, parties, edges)
        return prod(
            2 * (arm[0] + arm["IXYZ".index(pauli)]) - 1
            for arm, pauli in zip(checked, paulis, strict=True)
            if pauli != "I"
        )

    return _figures(parties, mean)


def from_edges(parties: int, pairs: Mapping[Edge, Weights]) -> dict[str, float]:
    """Return fidelity and witness bound of a graph state that is made by one remote controlled Z for each edge.

    An error X of the pair of an edge (a, b) is a Z at b, an error Z is a Z at a, and Y is both. A stabilizer of vertices S is
    turned by Z at each vertex of S.

    Args:
        parties: Number of vertices.
        pairs: Weights of the pair of each edge.

    Example:
        >>> from qnet_circuits.theory.bell_diagonal import werner
        >>> pairs = {(0, 1): werner(0.95), (1, 2): werner(0.95)}
        >>> {name: round(value, 4) for name, value in from_edges(3, pairs).items()}
        {'fidelity': 0.9028, 'witness_bound': 0.8689}
    """
    checked = {edge: check_weights(weights) for edge, weights in pairs.items()}

    def mean(chosen: Iterable[int]) -> float:
        inside, total = set(chosen), 1.0
        for (a, b), (i, x, y, z) in checked.items():
            at_a, at_b = (-1) ** (a in inside), (-1) ** (b in inside)
            total *= i + at_b * x + at_a * at_b * y + at_a * z
        return total

    return _figures(parties, mean)


def _figures(parties: int, mean: Callable[[Iterable[int]], float]) -> dict[str, float]:
    """Return the figures by the means of stabilizers, each of the generators of some vertices; the fidelity of few parties."""
    found = {"witness_bound": witness_bound(mean([v]) for v in range(parties))}
    if parties > MOST_PARTIES:
        return found
    subsets = list(_subsets(parties))
    return {"fidelity": sum(map(mean, subsets)) / len(subsets), **found}


def _subsets(parties: int) -> Iterable[list[int]]:
    return ([v for v, bit in enumerate(bits) if bit] for bits in product((0, 1), repeat=parties))


def _neighbours(parties: int, edges: Sequence[Edge]) -> list[set[int]]:
    near: list[set[int]] = [set() for _ in range(parties)]
    for a, b in edges:
        near[a].add(b)
        near[b].add(a)
    return near
