"""The distillation map: for every coupling of a device, whether distilling two pairs pays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.errors import ParameterError, check_name, check_range
from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.colouring import Line, edge_classes, line_classes, lines_of
from qnet_circuits.programs.couplings import CouplingsProtocol, measured
from qnet_circuits.programs.distillation_gain import DistillationGain
from qnet_circuits.programs.distilling import Distilling, Halves, scheme_of
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.expressions import Expression, keep_if
from qnet_circuits.programs.figures import Figure, link_figure
from qnet_circuits.programs.instructions import entangle
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.registry import register
from qnet_circuits.theory.bell_diagonal import correlators
from qnet_circuits.theory.distillation_gain import gain
from qnet_circuits.theory.noise_parameters import NoiseParameters
from qnet_circuits.theory.recurrences import distilled

#: The schemes of two pairs, which fit a line of four qubits.
SCHEMES = ("bbpssw", "dejmps", "2-to-1")
_PAIRS = 2


@register
@dataclass(frozen=True)
class DistillationMap(CouplingsProtocol):
    """Finds for each coupling of a device whether distilling two pairs into one beats using raw pairs directly.

    A coupling b-c with neighbours a and d is a line of four qubits, as in ``link-benchmark``: the first pair is made on b-c
    and moved into the memories a and d, where it waits; the second pair checks it. The figure ``gain_b_c`` counts perfect
    pairs, made by hashing very many pairs, for each raw pair: the yield of distilled pairs, times the probability that they are
    kept, over 2, minus the yield of raw pairs that are used at once. Above 0 distilling wins, below 0 the direct link wins, and
    at 0 both yields are 0. On a perfect device one round of DEJMPS wins on Werner links of F from 0.73 to 0.85. Couplings
    without a line have no figure.

    Both yields include the noise of gates, waiting and readouts. The raw pair is read out on b and c, the distilled pair on a
    and d, so a bad readout of b or c counts in favour of distilling: ``noise={"readout": False}`` compares the pairs alone.

    On hardware: all qubits of the device, in circuits of one line for each colour.

    Args:
        edges: Pairs of physical qubits. Default: all couplings of the device, but for those whose calibration failed.
        scheme: ``dejmps``, ``bbpssw`` or ``2-to-1``. Default ``dejmps``.
        link_fidelity: Fidelity of every link apart from the device's noise, in [0.25, 1]. Default 0.85.
        wait: Seconds from the storage of the first pair until the second pair is there, in [0, 1]. Default 0: only the time
            that the second pair takes.

    Raises:
        ParameterError: If edges are not pairs of different qubits, an edge is given twice, or a value is out of range.
        UnknownNameError: If there is no such scheme.

    Example:
        >>> found = DistillationMap(edges=[(0, 1), (1, 2), (2, 3)])
        >>> round(found.theory(NoiseParameters())["gain_1_2"], 5)
        0.01742
    """

    name: ClassVar[str] = "distillation-map"
    stage: ClassVar[str] = "measuring"
    scheme: str = "dejmps"
    link_fidelity: float = 0.85
    wait: float = 0.0

    def __post_init__(self) -> None:
        check_name("distillation scheme of two pairs", self.scheme, SCHEMES)
        _ = Link(self.link_fidelity)
        object.__setattr__(self, "wait", float(check_range("wait", self.wait, 0, 1)))
        super().__post_init__()

    def program(self, rng: np.random.Generator) -> Program:
        """Return three circuits for each colour of raw pairs, and three for each colour of lines.

        Raises:
            ParameterError: If there are neither edges nor a device, or no line of four qubits.
        """
        lines = self._lines()
        raw_items, raw = measured(edge_classes([(line[1], line[2]) for line in lines]), self._circuit, "raw_")
        kept_items, kept = measured(line_classes(lines), self._circuit, "distilled_")
        ideal, figures = self.theory(NoiseParameters()), []
        for line in lines:
            name = link_figure(line[1:3], "gain")
            gained = DistillationGain(_parities(map(_checked, kept[line])), _parities(raw[line[1:3]]), _PAIRS)
            figures.append(Figure(name, gained, ideal[name], ideal[name], physical=(-1.0, 1 / _PAIRS)))
        return Program([*raw_items, *kept_items], figures)

    def _lines(self) -> list[Line]:
        if not self.edges:
            raise ParameterError(
                "distillation-map needs links: run it on a device (--on exact:fake_torino), or give "
                "edges=[[0, 1], [1, 2], [2, 3]]"
            )
        lines = lines_of(self.edges)
        if not lines:
            raise ParameterError(
                f"no line of four qubits lies on the {len(self.edges)} edges, and distilling needs one; give more edges"
            )
        return lines

    def _circuit(self, places: Sequence[Line], pauli: str) -> QuantumCircuit:
        """Return the circuit of links, or of lines on which two pairs become one, all at once."""
        out = ClassicalRegister(2 * len(places), "out")
        checks = ClassicalRegister(2 * len(places), "checks")
        circuit = QuantumCircuit(*(register for place in places for register in _nodes(place)), out)
        if len(places[0]) > 2:
            circuit.add_register(checks)
        qubits, results = iter(circuit.qubits), iter(checks)
        for k, place in enumerate(places):
            halves = self._pair(circuit, [next(qubits) for _ in place], results)
            for half, bit in zip(halves, out[2 * k : 2 * k + 2], strict=True):
                measure_pauli(circuit, half, pauli, bit)
        return circuit

    def _pair(self, circuit: QuantumCircuit, wires: Sequence[Qubit], results: Iterator[Clbit]) -> Halves:
        """Append a raw pair on two wires, or a pair that was distilled on a line of four, and return its halves."""
        link = Link(self.link_fidelity)
        if len(wires) == 2:
            entangle(circuit, wires[0], wires[1], link)
            return wires[0], wires[1]
        memories, middle = (wires[0], wires[3]), (wires[1], wires[2])
        stored: list[Qubit] = []

        def make(halves: Halves) -> None:
            for half in stored if self.wait else ():
                circuit.delay(self.wait, half, unit="s")
            entangle(circuit, *halves, link)
            stored.extend(memories)

        shape = scheme_of(self.scheme, 1)
        shape.write(Distilling(circuit, (memories, middle), make, results))
        return (memories, middle)[shape.kept]

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the gain of the links' own errors, the same on every line."""
        if not noise.ideal or not self.edges:
            return {}
        raw = Link(self.link_fidelity).weights
        made = distilled(self.scheme, raw)
        kept, before = ([*correlators(weights).values()] for weights in (made.weights, raw))
        value = float(gain(kept, made.success, before, _PAIRS))
        return {link_figure(line[1:3], "gain"): value for line in self._lines()}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """Distilling pays if the gain is above 0, the gain of the direct link."""
        lines = self._lines() if self.edges else []
        return {link_figure(line[1:3], "gain"): {"direct link": 0.0} for line in lines}


def _parities(means: Iterable[Expression]) -> tuple[Event, ...]:
    return tuple(event for mean in means for event in mean.events)


def _checked(mean: Expression) -> Expression:
    """Return the mean under the condition that both results of the check agree."""
    return keep_if(mean, [("checks", index) for event in mean.events for _, index in event.bits])


def _nodes(place: Line) -> list[QuantumRegister]:
    """Return the registers of the two nodes that a link, or a line with the link in its middle, joins."""
    half = len(place) // 2
    return [QuantumRegister(half, "q" + "_".join(map(str, part))) for part in (place[:half], place[half:])]
