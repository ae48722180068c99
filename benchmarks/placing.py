"""How long it takes to place network programs of every shape: from a program to compiled circuits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from benchmarks.measuring import Row
from qnet_circuits.programs.given import Runnable
from qnet_circuits.runs.shared import forget

DEVICES = ("fake_torino", "fake_brisbane", "fake_kingston")
MODES = ("frame", "feedforward")
#: A program by name, and the seconds that its placement may take.
Shapes = Mapping[str, tuple[Callable[[], Runnable], float]]
#: Graph states of networks, and a GHZ state, whose circuits are more.
SHAPES: Shapes = {
    "ring of 5": (lambda: graph_state(ring(5)), 5.0),
    "grid of 2 by 3": (lambda: graph_state(qn.Network.grid(2, 3)), 5.0),
    "star of 6": (lambda: graph_state(qn.Network.star(5)), 10.0),
    "GHZ state of 6": (lambda: qn.Ghz(parties=6), 10.0),
}


def ring(nodes: int) -> qn.Network:
    """Return a network whose nodes have two neighbours each."""
    names = [f"node{k}" for k in range(nodes)]
    return qn.Network.from_edges([(names[k - 1], names[k], qn.Link()) for k in range(nodes)])


def graph_state(network: qn.Network) -> qn.Program:
    """Return the program that makes the graph state of a network by remote CZs; its figure is the mean stabilizer."""
    items, mean = [], 0.0
    for centre in network.nodes:
        bits = [("out", network.nodes.index(node)) for node in (centre, *network.neighbours(centre))]
        items.append(qn.Item(centre, _measured(network, centre)))
        mean = mean + qn.parity(centre, bits) / len(network.nodes)
    return qn.Program(items, [qn.Figure("stabilizers", mean, ideal=1.0, physical=(-1.0, 1.0))], network)


def _measured(network: qn.Network, centre: str) -> QuantumCircuit:
    """Return the circuit that makes the graph state, and measures X at one node and Z at all others."""
    nodes = {name: QuantumRegister(1 + len(network.neighbours(name)), name) for name in network.nodes}
    told, out = ClassicalRegister(2 * len(network.links), "told"), ClassicalRegister(len(nodes), "out")
    circuit = QuantumCircuit(*nodes.values(), told, out)
    free = {name: iter(node[1:]) for name, node in nodes.items()}
    for node in nodes.values():
        circuit.h(node[0])
    for k, (a, b, link) in enumerate(network.links):
        pair = next(free[a]), next(free[b])
        qn.remote_cz(circuit, nodes[a][0], nodes[b][0], pair, (told[2 * k], told[2 * k + 1]), link)
    circuit.h(nodes[centre][0])
    circuit.measure([node[0] for node in nodes.values()], out)
    return circuit


def rows(repeats: int = 1) -> list[Row]:
    """Return the rows of all shapes, devices and modes."""
    return list(timed(SHAPES, DEVICES, MODES))


def timed(shapes: Shapes, devices: Iterable[str], modes: Iterable[str]) -> Iterable[Row]:
    """Yield, for each shape, device and mode, the seconds of the processor for the first compilation in a process."""
    for shape, (program, bar) in shapes.items():
        for device in devices:
            qn.compile(qn.EntanglementSwapping(), f"aer:{device}")  # The device is known beforehand.
            for mode in modes:
                seconds, clock = _seconds(program(), device, mode)
                yield Row(
                    f"placing a {shape} on {device}, {mode}", seconds, "s", bar, f"{clock:.1f} s by the clock"
                )


def _seconds(program: Runnable, device: str, mode: str) -> tuple[float, float]:
    """Return the seconds of the processor, and those of the clock, that a compilation takes."""
    forget()
    began, clock = time.process_time(), time.perf_counter()
    qn.compile(program, f"aer:{device}", corrections=mode)
    return time.process_time() - began, time.perf_counter() - clock
