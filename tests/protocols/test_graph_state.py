"""Graph states: stabilizers, the fidelity and its bound on any state, and both ways to make them."""

from itertools import combinations

import numpy as np
import pytest
from qiskit import ClassicalRegister
from qiskit.quantum_info import random_density_matrix

import qnet_circuits as qn
from qnet_circuits.programs.graphs import Graph
from qnet_circuits.theory import graph_states as theory
from tests.support.enumerator import PAULIS
from tests.support.networks import SQUARE
from tests.support.observables import power, value_on

NOISE = qn.NoiseParameters()
GRAPHS = ["line:2", "line:4", "ring:5", "star:4", "complete:4", "a-b,b-c,c-a,c-d"]
#: A square whose links have different errors, and a diagonal over two of them.
DIRECT = qn.Network.from_edges(
    [
        ("a", "b", qn.Link(pauli=(0.8, 0.1, 0.03, 0.07))),
        ("b", "c", qn.Link(pauli=(0.9, 0.01, 0.06, 0.03))),
        ("c", "d", qn.Link(0.9)),
        ("d", "a", qn.Link(pauli=(0.85, 0.0, 0.05, 0.1))),
    ]
)


def vector(text):
    """Return the state of a graph: its amplitudes have the sign of the number of edges between ones."""
    graph = Graph.from_text(text)
    numbers = np.arange(2**graph.number)
    bit = [numbers >> (graph.number - 1 - v) & 1 for v in range(graph.number)]
    inside = sum(bit[a] * bit[b] for a, b in graph.edges)
    return (-1.0) ** inside / 2 ** (graph.number / 2)


def expressions(**parameters):
    program = qn.GraphState(**parameters).program(np.random.default_rng(0))
    return {figure.name: figure.expression for figure in program.figures}


def exact(protocol, **options):
    return {name: figure.value for name, figure in qn.run(protocol, "exact", **options).figures.items()}


@pytest.mark.parametrize("text", GRAPHS)
def test_stabilizers_leave_the_state_alone(text):
    graph, state = Graph.from_text(text), vector(text)
    found = theory.stabilizers(graph.number, graph.edges)
    assert len({paulis for _, paulis in found}) == 2**graph.number
    for sign, paulis in found:
        operator = power({v: PAULIS[pauli] for v, pauli in enumerate(paulis)}, graph.number)
        assert sign * operator @ state == pytest.approx(state)


@pytest.mark.parametrize("text", ["line:2", "line:4", "complete:4", "a-b,b-c,c-a,c-d"])
def test_fidelity_and_bound_of_any_state(text):
    found, state = expressions(graph=text), vector(text)
    for rank in (1, len(state)):
        noise = random_density_matrix(len(state), rank=rank, seed=rank).data
        rho = 0.8 * np.outer(state, state) + 0.2 * noise
        fidelity = (state @ rho @ state).real
        assert value_on(found["fidelity"], rho) == pytest.approx(fidelity, abs=1e-12)
        assert value_on(found["witness_bound"], rho) <= fidelity + 1e-12
    flipped = power({0: PAULIS["Z"]}, len(state).bit_length() - 1) @ state
    rho = 0.9 * np.outer(state, state) + 0.1 * np.outer(flipped, flipped)
    assert value_on(found["witness_bound"], rho) == pytest.approx(0.9, abs=1e-12)


@pytest.mark.parametrize("text", ["line:4", "ring:5", "star:4"])
def test_no_product_across_a_split_is_nearer_than_one_half(text):
    n, largest = Graph.from_text(text).number, 0.0
    tensor = vector(text).reshape((2,) * n)
    for size in range(1, n // 2 + 1):
        for part in combinations(range(n), size):
            matrix = np.moveaxis(tensor, part, range(size)).reshape(2**size, -1)
            largest = max(largest, np.linalg.svd(matrix, compute_uv=False)[0] ** 2)
    assert largest == pytest.approx(theory.ENTANGLED)


@pytest.mark.parametrize(
    ("text", "settings"), [("line:8", 2), ("ring:8", 2), ("ring:7", 3), ("complete:7", 7)]
)
def test_the_bound_needs_one_setting_for_each_colour(text, settings):
    program = qn.GraphState(graph=text, method="edges").program(np.random.default_rng(0))
    assert len(program.items) == settings and [figure.name for figure in program.figures] == ["witness_bound"]


def test_a_star_is_a_ghz_state_up_to_local_gates():
    """With Werner pairs its fidelity is that of the GHZ state."""
    for parties, fidelity, value in ((3, 0.9, 0.73215), (4, 0.95, 0.81601), (4, 0.9, 0.66151)):
        found = qn.GraphState(graph=f"star:{parties}", link_fidelity=fidelity).theory(NOISE)
        assert found["fidelity"] == pytest.approx(value, abs=6e-6)


@pytest.mark.parametrize(
    "given",
    [
        {"graph": "a-b,b-c,c-a", "network": SQUARE},
        {"graph": "line:3", "method": "edges", "network": DIRECT},
        {"graph": "b-a,c-b,c-a", "method": "edges", "network": DIRECT},
        {"graph": "a-d,d-c", "method": "edges", "network": SQUARE},
    ],
)
def test_exact_figures_are_those_of_theory_over_any_routes(given):
    protocol = qn.GraphState(**given)
    assert exact(protocol) == pytest.approx(protocol.theory(NOISE), abs=1e-9)


@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_edges_over_stations_make_the_state(mode):
    network = qn.Network.from_edges([("hub", name) for name in "abc"])
    protocol = qn.GraphState(graph="a-b,b-c", method="edges", network=network)
    assert exact(protocol, corrections=mode) == pytest.approx({"fidelity": 1, "witness_bound": 1}, abs=1e-9)
    assert protocol.program(np.random.default_rng(0)).resources["bell_pairs"] == 4


@pytest.mark.parametrize("given", [{"graph": "line:3"}, {"graph": "ring:3", "method": "edges"}])
def test_without_messages_the_parties_hold_noise(given):
    protocol = qn.GraphState(**given)
    found = exact(protocol, corrections="none")
    for figure in protocol.program(np.random.default_rng(0)).figures:
        assert found[figure.name] == pytest.approx(figure.without_messages, abs=1e-9)


@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_a_remote_cz_over_a_swapped_pair_corrects_it_too(mode):
    """The two stabilizers of an edge, XZ and ZX, for every result of the station."""
    network, items = qn.Network.chain(2), []
    for paulis in ("XZ", "ZX"):
        circuit, (route,) = qn.routed(network, [("alice", "bob")], {"alice": 1, "bob": 1})
        bits, out = ClassicalRegister(2, "m"), ClassicalRegister(2, "out")
        circuit.add_register(bits, out)
        a, b = (next(each for each in circuit.qregs if each.name == name)[0] for name in ("alice", "bob"))
        circuit.h([a, b])
        qn.remote_cz(circuit, a, b, route.entangle(circuit), (bits[0], bits[1]))
        for qubit, pauli, bit in zip((a, b), paulis, out, strict=True):
            qn.measure_pauli(circuit, qubit, pauli, bit)
        items.append(qn.Item(paulis.lower(), circuit))
    figures = [qn.Figure(item.name, qn.parity(item.name, [("out", 0), ("out", 1)])) for item in items]
    found = qn.run(qn.Program(items, figures, network), "exact", corrections=mode)
    assert [found["xz"].value, found["zx"].value] == pytest.approx([1, 1], abs=1e-9)


def test_a_pair_that_exists_takes_no_link():
    circuit, (route,) = qn.routed(qn.Network.chain(1), [("alice", "bob")], {"alice": 1, "bob": 1})
    circuit.add_register(bits := ClassicalRegister(2, "m"))
    a, b = (next(each for each in circuit.qregs if each.name == name)[0] for name in ("alice", "bob"))
    with pytest.raises(qn.ProgramError):
        qn.remote_cz(circuit, a, b, route.entangle(circuit), tuple(bits), qn.Link(0.9))


@pytest.mark.parametrize(
    "given",
    [
        {"graph": "line:1"}, {"graph": "ring:2"}, {"graph": "line:x"}, {"graph": "line"}, {"graph": ""}, {"graph": 4},
        {"graph": "a-b,c-d"}, {"graph": "a-b,b-a"}, {"graph": "a-a,a-b"}, {"graph": "a-b-c"}, {"graph": "a-"},
        {"graph": "cube:8"}, {"method": "centre"}, {"network": SQUARE, "link_fidelity": 0.9}, {"network": "square"},
        {"network": SQUARE, "graph": "line:5"}, {"network": SQUARE, "graph": "s-a"}, {"network": SQUARE, "graph": "a-x"},
        {"link_fidelity": 0.1},
    ],
)  # fmt: skip
def test_what_is_no_graph_state_is_refused(given):
    with pytest.raises(qn.ParameterError) as refused:
        qn.GraphState(**given)
    assert "\n" not in str(refused.value)


def test_a_party_with_the_name_of_the_source_is_refused():
    with pytest.raises(qn.ParameterError, match="another name"):
        qn.GraphState(graph="a-centre")
    assert qn.GraphState(graph="a-centre", method="edges").members == ("a", "centre")
