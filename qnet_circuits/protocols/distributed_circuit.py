"""A circuit that is spread over the nodes of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from qnet_circuits.distributed.distribute import DistributedCircuit, distributed
from qnet_circuits.distributed.proof import Proof
from qnet_circuits.distributed.reading import circuit_named
from qnet_circuits.distributed.referenced import with_references
from qnet_circuits.distributed.steps import without_final_measurements
from qnet_circuits.errors import ParameterError, check_count, check_name
from qnet_circuits.programs.figures import Outcomes
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Analysis, Analyzed, Protocol
from qnet_circuits.programs.registry import register
from qnet_circuits.theory.estimate import Estimate


@register
@dataclass(frozen=True)
class CircuitOverNodes(Protocol):
    """One circuit runs on several nodes, whose gates between nodes use shared Bell pairs and messages.

    Gates that are diagonal on a shared qubit use one copy of it at the other node, made from one pair (Yimsiriwattana and
    Lomonaco, quant-ph/0402148), so a packet of gates costs one pair. The circuit is proven to be the same before it runs. Its
    figure is the fidelity of the output with that of the circuit without errors, by direct fidelity estimation (Flammia and
    Liu, arXiv:1104.4695). An error of a link changes the shared qubit and the partners of its packet.

    On hardware: the circuit's qubits, one or two communication qubits for each node, and a real-time decision for each packet.

    Args:
        circuit: ``qft:n``, ``ghz:n``, ``adder:n``, ``qaoa:n``, or a file of OpenQASM (``.qasm``) or QPY (``.qpy``). Default
            ``ghz:4``.
        nodes: Number of nodes, all linked, at least 1. Default 2. One node runs the circuit undivided.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A network with links and nodes of its own, instead of ``nodes`` and ``link_fidelity``.
        task: ``state``, the output from |0…0⟩, or ``process``, the output of all inputs: each qubit is entangled with a
            reference qubit at its node, which doubles the qubits; both have one assignment and one plan. Default ``state``.
        rename_swaps: Whether the outputs may be at other qubits: a SWAP of the circuit renames qubits, and a qubit that
            has moved stays where it is. Default False.
        paulis: Number of Paulis that are drawn if all are too many, at least 1. Default 32.

    Raises:
        ParameterError: If a value is out of range, the circuit cannot be read, or the nodes have too few qubits.
        ProgramError: If the circuit has control flow, or measurements before its end.

    Example:
        >>> CircuitOverNodes("ghz:6").made.resources["bell_pairs"]
        1
    """

    name: ClassVar[str] = "distributed-circuit"
    stage: ClassVar[str] = "few-qubit fault tolerant"
    assumes: ClassVar[tuple[str, ...]] = (
        "All nodes are honest, and each knows its part of the circuit.",
        "Gates and memories at the nodes have no errors beyond those of the run's noise.",
    )
    source: ClassVar[str] = "Eisert, Jacobs, Papadopoulos and Plenio, quant-ph/0005101"

    circuit: str = "ghz:4"
    nodes: int | None = None
    link_fidelity: float | None = None
    network: Network | None = None
    task: str = "state"
    rename_swaps: bool = False
    paulis: int = 32

    def __post_init__(self) -> None:
        check_name("task", self.task, ("state", "process"))
        check_count("paulis", self.paulis)
        if not isinstance(self.rename_swaps, bool):
            raise ParameterError(f"rename_swaps must be true or false, got {self.rename_swaps!r}")
        if self.network is not None and (self.nodes is not None or self.link_fidelity is not None):
            raise ParameterError(
                "network is given together with nodes or link_fidelity; the network decides: give one"
            )
        if self.network is None:
            object.__setattr__(
                self, "nodes", check_count("nodes", 2 if self.nodes is None else self.nodes, 1, 100)
            )
            fidelity = 1.0 if self.link_fidelity is None else self.link_fidelity
            Link(fidelity)  # raises if the value is out of range
            object.__setattr__(self, "link_fidelity", float(fidelity))
        elif not isinstance(self.network, Network):
            raise ParameterError(f"network must be a Network, got {self.network!r}")
        _ = self.made

    @cached_property
    def made(self) -> DistributedCircuit:
        """The distributed circuit: for a process, with the reference qubits."""
        bare = without_final_measurements(circuit_named(self.circuit))
        where = self.network or self.nodes or 2
        link = None if self.link_fidelity is None else Link(self.link_fidelity)
        alone = distributed(bare, where, rename_swaps=self.rename_swaps, link=link)
        return alone if self.task == "state" else with_references(alone)

    @property
    def reads_file(self) -> bool:
        """Whether the circuit comes from a file."""
        return ":" not in self.circuit or Path(self.circuit).is_file()

    @cached_property
    def proof(self) -> Proof:
        """The proof that the network program is the circuit."""
        return self.made.verify()

    def program(self, rng: np.random.Generator) -> Program:
        """Return a circuit for each setting."""
        found, notes = self.made.estimation(self.paulis, rng), [str(self.proof)]
        if found.drawn:
            notes.append(
                f"the fidelity is that of {found.drawn} drawn Paulis; other draws differ, with a standard deviation of at most "
                f"√((1 - F²)/{found.drawn}), which is not in the interval"
            )
        return self.made.fidelity_program(found, notes)

    def analyze(self, outcomes: Outcomes, analysis: Analysis) -> Analyzed:
        """Return the ledger of pairs, packets and communication qubits."""
        return self._ledger()

    def deduce(self, figures: Mapping[str, Estimate], analysis: Analysis) -> Analyzed:
        """Return the same."""
        return self._ledger()

    def _ledger(self) -> Analyzed:
        made = self.made
        ledger = {
            **made.resources,
            "assignment": list(made.assignment),
            "cutting_overhead": made.cutting_overhead,
        }
        return Analyzed({}, {"distribution": ledger}, report=str(made))

    def baseline(self) -> Protocol | None:
        """Return the undivided circuit, on the first node."""
        if self.nodes == 1:
            return None
        if self.network is None:
            return replace(self, nodes=1)
        first, *others = [self.network.node(name) for name in self.network.nodes]
        alone = [replace(first, data=None), *(replace(node, data=0) for node in others)]
        return replace(self, network=Network(alone, self.network.links))
