"""A circuit over nodes, with the fewest pairs or the best predicted fidelity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from qiskit import QuantumCircuit

from qnet_circuits.distributed.distribute import DistributedCircuit, distributed
from qnet_circuits.errors import ParameterError, check_count, check_name
from qnet_circuits.programs.network import Network
from qnet_circuits.runs.verbs import predict

#: Paulis by which candidates are compared.
_PAULIS = 32
#: Assignments of each kind that are compared.
_CANDIDATES = 4


def distribute_circuit(
    circuit: QuantumCircuit | str,
    network: Network | int,
    assignment: Sequence[str] | Mapping[int, str] | None = None,
    *,
    rename_swaps: bool = False,
    objective: str = "pairs",
    device: Any = None,
    candidates: int | None = None,
    seed: int = 0,
) -> DistributedCircuit:
    """Spread a circuit over the nodes of a network, with few Bell pairs between nodes.

    Gates between nodes that are diagonal on a shared qubit use one copy of it, made from one pair. For an assignment of qubits
    to nodes, the fewest pairs of two nodes are a minimum vertex cover. The assignment is searched for by simulated annealing
    over exact numbers of pairs. A second search lets qubits move to other nodes for a while, and keeps what needs fewer pairs.
    ``verify()`` of the result proves that the program is the circuit.

    Args:
        circuit: Gates, and at most measurements at the end, which are left out; or ``qft:n``, ``ghz:n``, ``adder:n``,
            ``qaoa:n``, or a file of OpenQASM 2 or 3 or QPY.
        network: The network; its nodes may limit ``data`` and ``communication`` qubits. Or a number of nodes, all linked, with
            equal shares of the qubits.
        assignment: The name of the node at which each qubit begins, as a list or by qubit. Default: found by the search.
        rename_swaps: Whether the outputs may be at other qubits: a SWAP of the circuit renames qubits, and a qubit that has
            moved stays where it is. Default False.
        objective: ``pairs``, the fewest pairs counted on all links; or ``fidelity``, the best of some assignments by the exact
            prediction of the output's fidelity, for circuits of at most 10 qubits, without ``assignment``.
        device: For ``fidelity``, the device whose noise counts, as for ``predict``. Default: the links' own noise alone.
        candidates: For ``fidelity``, how many assignments of each kind are compared, at least 1. Default 4.
        seed: Seed of the search. Default 0.

    Returns:
        The distributed circuit.

    Raises:
        ParameterError: If the nodes have too few qubits, no path joins two of them, an argument is out of range, or the
            objective does not use it.
        ProgramError: If the circuit has control flow, measurements before its end, or unbound parameters.

    Example:
        >>> import qnet_circuits as qn
        >>> found = qn.distribute_circuit("ghz:6", 2)
        >>> found.resources["bell_pairs"], found.verify().method
        (1, 'unitary')
    """
    check_name("objective", objective, ("pairs", "fidelity"))
    number = check_count("candidates", _CANDIDATES if candidates is None else candidates)
    check_count("seed", seed, 0)
    _check_used(objective, {"assignment": assignment, "device": device, "candidates": candidates})
    first = distributed(circuit, network, assignment, rename_swaps, seed)
    if objective == "pairs":
        return first
    found = first.estimation(_PAULIS, np.random.default_rng(seed))

    def fidelity(each: DistributedCircuit) -> float:
        return predict(each.fidelity_program(found), device).figures["fidelity"].value

    # The first of equals stays, so the result is never worse than that with the fewest pairs.
    return max([first, *_others(circuit, network, rename_swaps, seed, number, first)], key=fidelity)


def _check_used(objective: str, given: Mapping[str, Any]) -> None:
    """Refuse arguments that an objective does not use."""
    unused, other = (
        (("assignment",), "pairs") if objective == "fidelity" else (("device", "candidates"), "fidelity")
    )
    for name in unused:
        if given[name] is not None:
            raise ParameterError(
                f"{name} has no effect with objective={objective!r}; leave it out, or take objective={other!r}"
            )


def _others(
    circuit: QuantumCircuit | str,
    network: Network | int,
    rename_swaps: bool,
    seed: int,
    candidates: int,
    first: DistributedCircuit,
) -> Iterator[DistributedCircuit]:
    """Yield other assignments: with few pairs, and with little loss of fidelity by the pairs."""
    seen = {("links", first.assignment)}
    for by in ("fidelity", "links"):
        for number in range(candidates):
            found = distributed(circuit, network, None, rename_swaps, seed + number, by=by)
            if (by, found.assignment) not in seen:
                seen.add((by, found.assignment))
                yield found
