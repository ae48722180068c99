"""The Bell pairs that memq-dqc needs for the circuits and the networks that come with it, as lines of JSON.

It runs in an environment of its own, where memq-dqc is and this library is not: ``python memq_pairs.py CIRCUITS [VARIANT]``.
Each circuit, named with commas between, meets all networks of the smallest size that holds it, or only those whose names end
with VARIANT (``a2a`` or ``nn``). A line holds the circuit, the network, and for both methods the pairs that memq-dqc itself
counts in its distributed circuit, one for each link of a route.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from memq_dqc.assets import circuit_path, list_networks, network_path
from memq_dqc.compiler import Compiler

METHODS = ("interaction", "hypergraph")


def network_of(path: Path) -> dict[str, Any]:
    """Return nodes with their numbers of data and communication qubits, and which of them are linked."""
    told = json.loads(path.read_text())
    at = {name: f"node{qubit['processorId']}" for name, qubit in told["qubits"].items()}
    remote = [each for each in told["connections"] if each["type"] == "remote"]
    nodes = {
        f"node{each['id']}": [len(each["qubits"]["computation"]), len(each["qubits"]["communication"])]
        for each in told["processors"].values()
    }
    return {"nodes": nodes, "links": sorted({(at[each["qubit1"]], at[each["qubit2"]]) for each in remote})}


def tasks(circuits: list[str], variant: str) -> Iterator[tuple[str, str]]:
    """Yield each circuit with its networks."""
    rooms = {name: int(name.partition("_")[0]) for name in list_networks()}
    for circuit in circuits:
        room = min(room for room in rooms.values() if room >= int(circuit.rpartition("_n")[2]))
        for network in rooms:
            if rooms[network] == room and network.endswith(variant):
                yield circuit, network


def pairs(circuit: str, network: str, method: str) -> int:
    """Return the pairs of one method."""
    compiler = Compiler(str(circuit_path(circuit)), str(network_path(network)), method)
    compiler.compile()
    assert compiler.cost is not None
    return round(compiler.cost)


def main(circuits: str, variant: str = "") -> None:
    for circuit, network in tasks(circuits.split(","), variant):
        found = {method: pairs(circuit, network, method) for method in METHODS}
        line = {
            "circuit": circuit,
            "qasm": circuit_path(circuit).read_text(),
            "network": network,
            **network_of(network_path(network)),
            "pairs": found,
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
