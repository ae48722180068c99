"""Cheaters as texts, pairs along routes, and states from a source."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from qiskit import ClassicalRegister

import qnet_circuits as qn

SQUARE = qn.Network.from_edges(
    [(a, b, qn.Link(0.9)) for a, b in (("s", "a"), ("a", "b"), ("b", "c"), ("c", "s"), ("b", "d"))]
)


@dataclass(frozen=True)
class Liar(qn.Cheater):
    kind: ClassVar[str] = "liar"
    party: int
    share: float = 0.5


@dataclass(frozen=True)
class Lazy(qn.Cheater):
    kind: ClassVar[str] = "lazy"


@pytest.mark.parametrize(
    ("given", "cheater"),
    [("liar:2", Liar(2)), ("liar:1:0.25", Liar(1, 0.25)), ("lazy", Lazy()), (Lazy(), Lazy()), (None, None)],
)
def test_a_cheater_and_its_text_are_the_same(given, cheater):
    found = qn.cheater_of(given, [Liar, Lazy])
    assert found == cheater and (found is None or qn.cheater_of(str(found), [Liar, Lazy]) == found)


@pytest.mark.parametrize("given", ["liar", "liar:x", "liar:1:0.5:3", "lazy:1", "thief", "", 3, Liar])
def test_what_is_no_cheater_is_refused(given):
    with pytest.raises(qn.ParameterError):
        qn.cheater_of(given, [Liar, Lazy])


def test_pairs_along_routes_have_the_fidelity_of_their_links():
    ends = [("s", "d"), ("a", "c"), ("b", "d")]
    figures, items = [], []
    for name in ("xx", "yy", "zz"):
        circuit, routes = qn.routed(SQUARE, ends, {"d": 1})
        pairs = [route.entangle(circuit) for route in routes]
        out = ClassicalRegister(6, "out")
        circuit.add_register(out)
        for k, pair in enumerate(pairs):
            pair.settle(circuit)
            qn.measure_pauli(circuit, pair.near, name[0].upper(), out[2 * k])
            qn.measure_pauli(circuit, pair.far, name[0].upper(), out[2 * k + 1])
        items.append(qn.Item(name, circuit))
    for k in range(3):
        xx, yy, zz = (qn.parity(item.name, [("out", 2 * k), ("out", 2 * k + 1)]) for item in items)
        figures.append(qn.Figure(f"fidelity_{k}", (1 + xx - yy + zz) / 4))
    result = qn.run(qn.Program(items, figures, SQUARE), "exact")
    for k, (a, b) in enumerate(ends):
        fidelity = SQUARE.route(a, b).weights[0]
        assert result[f"fidelity_{k}"].value == pytest.approx(fidelity, abs=1e-9)


@dataclass(frozen=True)
class Product(qn.PartiesProtocol):
    """Each party receives the state + or -, in turn."""

    name: ClassVar[str] = "product"

    def program(self, rng: np.random.Generator) -> qn.Program:
        def prepare(circuit, qubits):
            for k, qubit in enumerate(qubits):
                qn.prepare(circuit, qubit, "+-"[k % 2])

        circuit, qubits = qn.sent_to_parties(self.shared, self.members, prepare)
        out = ClassicalRegister(len(qubits), "out")
        circuit.add_register(out)
        for qubit, bit in zip(qubits, out, strict=True):
            qn.measure_pauli(circuit, qubit, "X", bit)
        values = [qn.parity("circuit", [("out", k)]) for k in range(len(qubits))]
        return qn.Program(
            [qn.Item("circuit", circuit)], [qn.Figure(f"x_{k}", value) for k, value in enumerate(values)]
        )


@pytest.mark.parametrize(
    "protocol",
    [Product(parties=4, link_fidelity=0.9), Product(network=SQUARE), Product(("d", "c"), network=SQUARE)],
)
def test_a_source_reaches_each_party_over_its_route(protocol):
    result = qn.run(protocol, "exact")
    for k, (i, x, y, z) in enumerate(protocol.arms):
        expected = (-1) ** k * (i + x - y - z)
        assert result[f"x_{k}"].value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "given",
    [{"parties": 1}, {"parties": 2.5}, {"parties": ("a", "b")}, {"parties": 2, "network": SQUARE},
     {"parties": ("a", "s"), "network": SQUARE}, {"parties": ("a", "a"), "network": SQUARE},
     {"parties": ("a",), "network": SQUARE}, {"network": SQUARE, "link_fidelity": 1.0}, {"network": 3}],
)  # fmt: skip
def test_parties_that_cannot_be_are_refused(given):
    with pytest.raises(qn.ParameterError):
        Product(**given)
