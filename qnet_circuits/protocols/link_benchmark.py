"""The link benchmark: the Bell fidelity of every coupling of a device, in as few circuits as a colouring allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qnet_circuits.errors import ParameterError, check_name
from qnet_circuits.programs.blocks import bell_measurement, measure_pauli
from qnet_circuits.programs.colouring import Line, edge_classes, line_classes, lines_of
from qnet_circuits.programs.couplings import CouplingsProtocol, measured
from qnet_circuits.programs.expressions import Expression
from qnet_circuits.programs.figures import Figure, link_figure
from qnet_circuits.programs.instructions import correct, entangle
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.registry import register
from qnet_circuits.theory import bell_diagonal, bounds, swapping
from qnet_circuits.theory.noise_parameters import NoiseParameters

KINDS = ("edge", "swap")
_MEAN = "mean_fidelity"


@register
@dataclass(frozen=True)
class LinkBenchmark(CouplingsProtocol):
    """The fidelity of the Bell pair on every link of a device, many links at once.

    Every coupling is a link of its own between two nodes: it makes a Bell pair, and F = (1 + ⟨XX⟩ - ⟨YY⟩ + ⟨ZZ⟩)/4 is the
    pair's fidelity with Φ+, readout errors included. Links without a common qubit run in one circuit, so that three settings
    for each colour of an edge colouring suffice: 9 circuits for a heavy-hex lattice of any size, 12 for a square one.
    With ``kind="swap"`` the figure is the fidelity of a pair that was swapped over a line of four qubits a-b-c-d: Bell pairs on
    a-b and c-d, a Bell measurement on b-c. There is one line for each coupling b-c whose ends have other neighbours. It uses
    the neighbours whose couplings lie in the fewest earlier lines. A greedy method colours the lines.

    Links run at the same time, so on a processor each figure includes the crosstalk of other links. A program that uses many
    links at once meets the same crosstalk; a program that uses few links meets less. A simulated device has only the crosstalk
    of its description of noise, which is none by default. Post-selection accepts a shot only if all lines of a circuit accept
    it.

    On hardware: all qubits of the device in circuits of two two-qubit layers. The figures can replace the calibration when
    another program is placed, as ``layout=``.

    Args:
        edges: Pairs of physical qubits. Default: all couplings of the device, but for those whose calibration failed.
        kind: ``edge`` or ``swap``.
        link_fidelity: Fidelity of every link apart from the device's noise, in [0.25, 1]. Default 1.

    Raises:
        ParameterError: If edges are not pairs of different qubits, an edge is given twice, or a value is out of range.

    Example:
        >>> benchmark = LinkBenchmark(edges=[(0, 1), (1, 2), (2, 3)])
        >>> program = benchmark.program(np.random.default_rng(0))
        >>> [(item.name, item.layout) for item in program][::3]
        [('xx_0', (0, 1, 2, 3)), ('xx_1', (1, 2))]
        >>> [figure.name for figure in program.figures]
        ['mean_fidelity', 'fidelity_0_1', 'fidelity_1_2', 'fidelity_2_3']
    """

    name: ClassVar[str] = "link-benchmark"
    stage: ClassVar[str] = "measuring"
    kind: str = "edge"
    link_fidelity: float = 1.0

    def __post_init__(self) -> None:
        check_name("kind of link benchmark", self.kind, KINDS)
        _ = Link(self.link_fidelity)
        super().__post_init__()

    def program(self, rng: np.random.Generator) -> Program:
        """Return three circuits, one for each setting XX, YY and ZZ, for each colour.

        Raises:
            ParameterError: If there are neither edges nor a device, or no line of four qubits.
        """
        items, means = measured(self._classes(), self._circuit)
        fidelities = {place: (1 + xx - yy + zz) / 4 for place, (xx, yy, zz) in means.items()}
        return Program(items, self._figures(fidelities))

    def _classes(self) -> Sequence[Sequence[Line]]:
        if not self.edges:
            raise ParameterError(
                "link-benchmark needs links: run it on a device (--on aer:fake_torino), or give edges=[[0, 1], [1, 2]]"
            )
        if self.kind == "edge":
            return edge_classes(self.edges)
        lines = lines_of(self.edges)
        if not lines:
            raise ParameterError(
                f"no line of four qubits lies on the {len(self.edges)} edges; give more edges, or kind='edge'"
            )
        return line_classes(lines)

    def _figures(self, fidelities: dict[Line, Expression]) -> list[Figure]:
        """Return the mean, if there are several links, and each link's fidelity, in the order of their qubits."""
        found = {link_figure(place): fidelities[place] for place in sorted(fidelities)}
        if len(found) > 1:
            whole: Expression = sum(found.values(), Expression()) / len(found)
            found = {_MEAN: whole, **found}
        silent = 1.0 if self.kind == "edge" else 0.25
        return [Figure(name, value, 1.0, silent, physical=(0.0, 1.0)) for name, value in found.items()]

    def _circuit(self, places: Sequence[Line], basis: str) -> QuantumCircuit:
        link = Link(self.link_fidelity)
        out = ClassicalRegister(2 * len(places), "out")
        swap = [] if self.kind == "edge" else [ClassicalRegister(2 * len(places), "swap")]
        circuit = QuantumCircuit(*(r for place in places for r in _nodes(place)), out, *swap)
        qubits = iter(circuit.qubits)
        for k, place in enumerate(places):
            wires = [next(qubits) for _ in place]
            for a, b in zip(wires[::2], wires[1::2], strict=True):
                entangle(circuit, a, b, link)
            if swap:
                z, x = swap[0][2 * k], swap[0][2 * k + 1]
                bell_measurement(circuit, wires[1], wires[2], z, x)
                correct(circuit, wires[3], x=[x], z=[z])
            measure_pauli(circuit, wires[0], basis, out[2 * k])
            measure_pauli(circuit, wires[-1], basis, out[2 * k + 1])
        return circuit

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the fidelity of the link, or of two that are swapped, for every place."""
        if not noise.ideal or not self.edges:
            return {}
        weights = [Link(self.link_fidelity).weights] * (1 if self.kind == "edge" else 2)
        fidelity = bell_diagonal.fidelity(swapping.chain_weights(weights))
        return dict.fromkeys(self._names(), fidelity)

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """A fidelity above 1/2 proves that a pair is entangled; the mean proves nothing about a single pair."""
        names = self._names() if self.edges else []
        return {name: {"entangled": bounds.BELL_ENTANGLED} for name in names if name != _MEAN}

    def _names(self) -> list[str]:
        places = [place for places in self._classes() for place in places]
        names = [link_figure(place) for place in sorted(places)]
        return [_MEAN, *names] if len(names) > 1 else names


def _nodes(place: Line) -> list[QuantumRegister]:
    """Return the registers of a link's two nodes, or of a line's two ends with the station between them."""
    first, *middle, last = place
    station = [QuantumRegister(2, f"q{middle[0]}_{middle[1]}")] if middle else []
    return [QuantumRegister(1, f"q{first}"), *station, QuantumRegister(1, f"q{last}")]
