"""The Bell pairs that memq-dqc needs for the circuits and the networks that come with it, as lines of JSON.

It runs in an environment of its own, where memq-dqc is and this library is not: ``python memq_pairs.py CIRCUITS VARIANT
SECONDS``. Each circuit, named with commas between, meets all networks of the smallest size that holds it, or only those whose
names end with VARIANT (``a2a`` or ``nn``; empty for both). A line holds the circuit, the network, and for both methods the
pairs that memq-dqc itself counts in its distributed circuit, one for each link of a route; null for a method that is not done
after SECONDS of the processor.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import signal
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
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


def pairs(circuit: str, network: str, method: str, seconds: int) -> int | None:
    """Return the pairs of one method; None if it is not done in time, which the system ends then."""
    near, far = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=compiled, args=(circuit, network, method, seconds, far)
    )
    process.start()
    far.close()
    try:
        found: int | None = near.recv()
    except EOFError:
        found = None
    process.join()
    if process.exitcode not in (0, -signal.SIGXCPU):
        raise RuntimeError(f"memq-dqc failed on {circuit} over {network} by {method}")
    return found


def compiled(circuit: str, network: str, method: str, seconds: int, far: Connection) -> None:
    """Send the pairs of one method, in a process that may take some seconds of the processor."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    compiler = Compiler(str(circuit_path(circuit)), str(network_path(network)), method)
    compiler.compile()
    assert compiler.cost is not None
    far.send(round(compiler.cost))


def main(circuits: str, variant: str, seconds: str) -> None:
    for circuit, network in tasks(circuits.split(","), variant):
        found = {method: pairs(circuit, network, method, int(seconds)) for method in METHODS}
        line = {
            "circuit": circuit,
            "qasm": circuit_path(circuit).read_text(),
            "network": network,
            **network_of(network_path(network)),
            "pairs": found,
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
