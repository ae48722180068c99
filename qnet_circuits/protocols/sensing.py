"""Sensing: a phase that many nodes measure together with a GHZ state, beside the same with separate qubits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Qubit

from qnet_circuits.errors import check_range
from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.channel import Channel, channel
from qnet_circuits.programs.expressions import Expression, parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.sharing import PartiesProtocol, sent_to_parties
from qnet_circuits.protocols.ghz import ghz_state
from qnet_circuits.theory.noise_parameters import NoiseParameters
from qnet_circuits.theory.sensing import fringe, phase_uncertainty

#: Clifford gates that are phases, by their number of quarter turns.
_QUARTERS = {1: "s", 2: "z", 3: "sdg"}


@register
@dataclass(frozen=True)
class Sensing(PartiesProtocol):
    """Many nodes measure one phase together: with a GHZ state its uncertainty falls as 1/n, with separate qubits as 1/√n.

    Each of n nodes gives its qubit the phase φ and measures X. The parity of all results is C cos(nφ) with a GHZ state, so a
    shot at the steepest point tells the phase with the uncertainty 1/(nC). Separate qubits of contrast c reach 1/(c√n) with the
    same number of qubits. The price is noise: if each node dephases its qubit with probability e, the GHZ state keeps C = (1 -
    2e)^n, and a separate qubit c = 1 - 2e. GHZ states are better while C is above c/√n.

    The contrast is half the difference between the parities at the summed phases 0 and π. One node's Z makes the phase π, so
    all corrections can be made in software (Pauli frame). ``separable`` is the contrast of separate qubits, which each node
    prepares itself, from two more circuits of the same run. With ``phase`` one more circuit gives each qubit this phase, and
    the figure ``parity`` is its mean parity. X mirrors a phase, so the correction of X has to come before it: unless ``phase``
    is a multiple of π/2, nodes wait for messages in real time (feed-forward).

    On hardware: 3n qubits and 3n - 1 two-qubit gates for n nodes; four circuits, of which two have n qubits only.

    Args:
        parties: Number of nodes that sense, each with a link to the source; or, with ``network``, their names. At least 2,
            default 3.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: Any network with links of its own. Its first node is the source, and all other nodes sense unless ``parties``
            names some.
        dephasing: Probability of Z on each qubit while it senses, in [0, 0.5]. Default 0.
        phase: A phase in radians, in [-2π, 2π], that one more circuit senses. Default: none.

    Raises:
        ParameterError: If there are too few nodes, or a value is out of range.

    Example:
        >>> theory = Sensing(parties=4, dephasing=0.02).theory(NoiseParameters())
        >>> [round(theory[name], 4) for name in ("contrast", "uncertainty", "separable_uncertainty")]
        [0.8493, 0.2943, 0.5208]
    """

    name: ClassVar[str] = "sensing"
    stage: ClassVar[str] = "quantum memory"
    assumes: ClassVar[tuple[str, ...]] = (
        "The phase is the same at all nodes, and the nodes share a phase reference.",
        "The phase is known well enough to sense where the fringe is steepest; it is n times as narrow as that of one qubit.",
        "Links err by X as often as by Y, as Werner links do; otherwise the fringe is not a pure cosine of the contrast.",
        "Uncertainties are those of one shot, without the time and the pairs that a GHZ state takes to arrive.",
    )
    source: ClassVar[str] = (
        "Eldredge et al., Optimal and secure measurement protocols for quantum sensor networks, arXiv:1607.04646"
    )

    dephasing: float = 0.0
    phase: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "dephasing", check_range("dephasing", self.dephasing, 0, 0.5))
        if self.phase is not None:
            turn = 2 * math.pi
            object.__setattr__(self, "phase", check_range("phase", self.phase, -turn, turn))

    def program(self, rng: np.random.Generator) -> Program:
        """Return circuits of the GHZ state at the summed phases 0 and π and at a given phase, and of separate qubits."""
        n = len(self.members)
        joint = {"ghz_0": [0.0] * n, "ghz_pi": [math.pi] + [0.0] * (n - 1)}
        if self.phase is not None:
            joint["ghz_phase"] = [self.phase] * n
        items = [
            self._item(name, *sent_to_parties(self.shared, self.members, ghz_state), phases)
            for name, phases in joint.items()
        ]
        items += [
            self._item(name, *_separate(self.members), [phase] * n)
            for name, phase in (("separate_0", 0.0), ("separate_pi", math.pi))
        ]
        return Program(items, self._figures(), self.shared)

    def _figures(self) -> list[Figure]:
        n = len(self.members)
        bits = [("out", k) for k in range(n)]
        contrast = (parity("ghz_0", bits) - parity("ghz_pi", bits)) / 2
        separate = [(parity("separate_0", [bit]) - parity("separate_pi", [bit])) / 2 for bit in bits]
        separable = sum(separate, Expression()) / n
        limit, both = n**-0.5, (-1.0, 1.0)
        figures = [
            Figure("contrast", contrast, 1.0, 0.0, null=limit, physical=both),
            Figure("uncertainty", 1 / n / contrast, 1 / n),
            Figure("separable", separable, 1.0, 1.0, physical=both),
            Figure("separable_uncertainty", limit / separable, limit, limit),
        ]
        if self.phase is not None:
            ideal = math.cos(n * self.phase)
            figures.append(Figure("parity", parity("ghz_phase", bits), ideal, 0.0, physical=both))
        return figures

    def _item(
        self, name: str, circuit: QuantumCircuit, qubits: Sequence[Qubit], phases: Sequence[float]
    ) -> Item:
        """Return the circuit in which each qubit has its phase, is dephased, and is measured in X."""
        out = ClassicalRegister(len(qubits), "out")
        circuit.add_register(out)
        for qubit, phase, bit in zip(qubits, phases, out, strict=True):
            _turn(circuit, qubit, phase)
            if self.dephasing:
                channel(circuit, qubit, Channel.pauli((1 - self.dephasing, 0.0, 0.0, self.dephasing)))
            measure_pauli(circuit, qubit, "X", bit)
        first, *others = self.members
        told = tuple(
            Announcement(party, first, 1, "outcome", (("out", k),)) for k, party in enumerate(others, 1)
        )
        return Item(name, circuit, {"phases": " ".join(f"{phase:g}" for phase in phases)}, announced=told)

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return all figures for the errors of the pairs between the source and the nodes, and for the dephasing."""
        if not noise.ideal:
            return {}
        n, one = len(self.members), 1 - 2 * self.dephasing
        contrast = fringe(self.arms, 0.0, self.dephasing)
        found = {"contrast": contrast, "separable": one}
        if contrast > 0:
            found["uncertainty"] = phase_uncertainty(n, contrast)
        if one > 0:
            found["separable_uncertainty"] = phase_uncertainty(n, one / n**0.5)
        if self.phase is not None:
            found["parity"] = fringe(self.arms, self.phase, self.dephasing)
        return found

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """Separate qubits reach 1/√n at best, and no state of n qubits goes below 1/n."""
        n = len(self.members)
        quantum, heisenberg = n**-0.5, 1 / n
        return {
            "contrast": {"standard_quantum_limit": quantum},
            "uncertainty": {"standard_quantum_limit": quantum, "heisenberg": heisenberg},
            "separable_uncertainty": {"standard_quantum_limit": quantum},
        }


def _separate(parties: Sequence[str]) -> tuple[QuantumCircuit, Sequence[Qubit]]:
    """Return the circuit in which each party prepares |+⟩, and the qubits."""
    circuit = QuantumCircuit(*(QuantumRegister(1, party) for party in parties))
    circuit.h(circuit.qubits)
    return circuit, circuit.qubits


def _turn(circuit: QuantumCircuit, qubit: Qubit, phase: float) -> None:
    """Append a phase of |1⟩, by a Clifford gate if there is one."""
    quarters = phase / (math.pi / 2)
    if abs(quarters - round(quarters)) > 1e-9:
        circuit.rz(phase, qubit)
    elif round(quarters) % 4:
        getattr(circuit, _QUARTERS[round(quarters) % 4])(qubit)
