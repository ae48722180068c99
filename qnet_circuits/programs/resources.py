"""The resource ledger: what a program costs, counted before it is lowered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction

from qnet_circuits.programs.corrections import CORRECT, parities
from qnet_circuits.programs.flattening import narrow
from qnet_circuits.programs.links import ENTANGLE, TRANSMIT
from qnet_circuits.programs.locality import Message

Ledger = dict[str, Any]


def count(circuit: QuantumCircuit, messages: Sequence[Message]) -> Ledger:
    """Count what one shot of a circuit costs.

    Args:
        circuit: A network program's circuit.
        messages: Its classical messages.

    Returns:
        ``bell_pairs``, ``transmissions``, ``classical_bits``, ``rounds`` of communication, ``qubits`` (and
        ``qubits_per_node``), ``two_qubit_gates`` and ``depth``, where a Bell pair counts as one two-qubit gate of depth two,
        and a gate on more qubits as its parts.
    """
    parts = [part for instruction in circuit.data for part in narrow(instruction)]
    names = [instruction.operation.name for instruction in parts]
    local = sum(
        len(instruction.qubits) == 2 and instruction.operation.name not in (ENTANGLE, TRANSMIT, "barrier")
        for instruction in parts
    )
    return {
        "bell_pairs": names.count(ENTANGLE),
        "transmissions": names.count(TRANSMIT),
        "classical_bits": len(messages),
        "rounds": max((message.round for message in messages), default=0),
        "qubits": circuit.num_qubits,
        "qubits_per_node": {register.name: register.size for register in circuit.qregs},
        "two_qubit_gates": names.count(ENTANGLE) + local,
        "depth": _depth(circuit, parts),
    }


def _depth(circuit: QuantumCircuit, parts: Sequence[CircuitInstruction]) -> int:
    """Return the depth in gates, with a Bell pair of depth two and a correction of one for each of its Paulis."""
    reached: dict[Any, int] = dict.fromkeys([*circuit.qubits, *circuit.clbits], 0)
    for instruction in parts:
        bits = [*instruction.qubits, *instruction.clbits]
        name = instruction.operation.name
        cost = 0 if name in ("barrier", TRANSMIT) else 2 if name == ENTANGLE else 1
        if name == CORRECT:
            cost = sum(map(bool, parities(instruction)))
        level = max(reached[bit] for bit in bits) + cost
        reached.update(dict.fromkeys(bits, level))
    return max(reached.values(), default=0)


def largest(ledgers: Sequence[Ledger]) -> Ledger:
    """Return, key by key, the most that any of the circuits needs in one shot."""
    if not ledgers:
        return {}
    merged: Ledger = {}
    for key, value in ledgers[0].items():
        if isinstance(value, dict):
            nodes = dict.fromkeys(node for ledger in ledgers for node in ledger[key])
            merged[key] = {node: max(ledger[key].get(node, 0) for ledger in ledgers) for node in nodes}
        else:
            merged[key] = max(ledger[key] for ledger in ledgers)
    return merged
