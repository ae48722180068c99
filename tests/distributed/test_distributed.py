"""A circuit over several nodes: few pairs, the same operation, and every spoiled program refused."""

from dataclasses import replace
from itertools import islice

import matplotlib.pyplot as plt
import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm2, qasm3, qpy
from qiskit.circuit import Parameter
from qiskit.circuit.library import CPhaseGate, RXGate, RZGate, ZGate
from qiskit.synthesis import synth_qft_full

import qnet_circuits as qn
from qnet_circuits.distributed.distribute import distributed
from qnet_circuits.distributed.packets import Demand, Tally
from qnet_circuits.distributed.partition import Problem, assigned
from qnet_circuits.distributed.proof import proof_of
from qnet_circuits.distributed.steps import steps_of
from tests.distributed.circuits import changed, mutants, optimum, random_circuit, with_swap

TWO = np.array([[0, 1], [1, 0]])


@pytest.mark.parametrize(
    ("size", "renamed", "pairs"), [(10, True, 5), (20, True, 10), (10, False, 7), (20, False, 10)]
)
def test_the_fourier_transform_needs_few_pairs(size, renamed, pairs):
    found = qn.distribute_circuit(f"qft:{size}", 2, rename_swaps=renamed)
    assert found.resources["bell_pairs"] == pairs
    assert max(found.resources["communication_qubits"].values()) <= 2
    if size == 20:
        assert found.verify().method == "gates"


def check_optimum(seed):
    circuit = random_circuit(seed)
    nodes = 2 + seed % 2
    room = (-(-circuit.num_qubits // nodes),) * nodes
    demand = Demand(steps_of(circuit))
    problem = Problem(demand, 1 - np.eye(nodes, dtype=int), room)
    found = np.array(assigned(problem))
    least = optimum(demand, room)
    assert problem.cost(found) == least == len(demand.packets(found)), seed
    # Qubits that move, gates at other nodes, and packets that go on may only lower it.
    pairs = qn.distribute_circuit(circuit, nodes).resources["bell_pairs"]
    assert pairs <= least
    return least, pairs


@pytest.mark.parametrize("seed", [2, 5])
def test_the_search_finds_the_optimum(seed):
    check_optimum(seed)


@pytest.mark.parametrize("seed", range(3))
def test_pairs_are_counted_right_while_qubits_change_their_nodes(seed):
    rng = np.random.default_rng(seed)
    circuit = random_circuit(seed, 14, 120, 10)
    demand, at = Demand(steps_of(circuit)), rng.integers(3, size=circuit.num_qubits)
    distance = 1 - np.eye(3, dtype=int)
    tally = Tally(demand, at, distance)
    for qubit, node in zip(rng.integers(len(at), size=40), rng.integers(3, size=40), strict=True):
        at[qubit] = node
        tally.put(qubit, node)
        assert tally.pairs() == len(demand.packets(at)) == demand.pairs(at, distance)


@pytest.mark.slow
def test_the_search_finds_the_optimum_of_sixty_circuits():
    least, pairs = np.transpose([check_optimum(seed) for seed in range(60)])
    assert sum(pairs < least) >= 15 and sum(pairs) <= 379


@pytest.mark.parametrize("rounds", [20, 450])
def test_each_round_of_a_turned_qubit_takes_a_pair(rounds):
    """Qubit 0 shares a pair with both others in each round; with many segments the matching is another code."""
    circuit = QuantumCircuit(3)
    for _ in range(rounds):
        circuit.cz(0, 1)
        circuit.cz(0, 2)
        for qubit in range(3):
            circuit.ry(0.3, qubit)
    demand = Demand(steps_of(circuit))
    assert [demand.pairs(nodes, TWO) for nodes in ((0, 1, 1), (0, 1, 0), (0, 0, 0))] == [rounds, rounds, 0]


def check_random(seed):
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(2, 5))
    circuit = (with_swap if seed % 3 == 0 else random_circuit)(
        seed, most_qubits=8, most_gates=16, fewest=nodes
    )
    network = nodes if seed % 2 else qn.Network.chain(nodes - 1)
    found = distributed(
        circuit,
        network,
        rename_swaps=seed % 5 == 0,
        assignment=None
        if seed % 2
        else [network.nodes[k] for k in rng.integers(nodes, size=circuit.num_qubits)],
    )
    assert found.verify().method == "unitary"


@pytest.mark.parametrize("seed", range(6))
def test_random_circuits_are_proven(seed):
    check_random(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300))
def test_three_hundred_random_circuits_are_proven(seed):
    check_random(seed)


def spoiled(circuit, nodes=2, network=None, **options):
    found = distributed(circuit, network or nodes, **options)
    return [(what, found, built) for what, built in mutants(found.built)]


def refused(found, built):
    with pytest.raises(qn.VerificationError):
        proof_of(found.original, found.steps, built)


@pytest.mark.parametrize(("size", "method"), [(3, "unitary"), (21, "gates")])
@pytest.mark.parametrize("angle", [3e-5, 1e-7, 3e-9])
def test_small_rotations_stay_in_the_program(size, method, angle):
    """Only rotations below 1e-12 may be left out; the Fourier transform of 29 qubits has some of 1e-8."""
    circuit = QuantumCircuit(size)
    circuit.cp(0.3, 0, size - 1)
    circuit.rz(angle, 0)
    circuit.h(0)
    circuit.cp(0.7, 0, size - 1)
    found = distributed(circuit, 2)
    assert found.verify().method == method
    for wrong in (RZGate(angle + 4e-9), RXGate(angle)):
        circuit.data[1] = circuit.data[1].replace(operation=wrong)
        with pytest.raises(qn.VerificationError):
            proof_of(circuit, steps_of(circuit), found.built)


def test_a_small_rotation_is_missed_in_every_comparison():
    """Overlaps would differ by 1e-12 alone."""
    for size in (5, 14):
        circuit = QuantumCircuit(size)
        circuit.rx(2e-6, 0)
        circuit.cp(0.3, 0, size - 1)
        found = distributed(circuit, 2)
        for at, each in enumerate(found.built.circuit.data):
            if each.name in ("u", "rx"):
                with pytest.raises(qn.VerificationError):
                    proof_of(circuit, found.steps, changed(found.built, at, []))


def test_spoiled_programs_are_refused():
    listed = spoiled(synth_qft_full(3), rename_swaps=True) + spoiled(
        random_circuit(4, 4, 8, 4),
        network=qn.Network.chain(2),
        assignment=["alice", "bob", "station1", "bob"],
    )
    kinds = {what for what, *_ in listed}
    assert len(kinds) == 6
    for _, *rest in listed:
        refused(*rest)


@pytest.mark.slow
def test_two_hundred_spoiled_programs_are_refused():
    count = 0
    for seed in range(20):
        circuit = with_swap(seed, most_qubits=5, most_gates=10, fewest=4)
        for _, *rest in islice(spoiled(circuit), 20):
            refused(*rest)
            count += 1
    assert count >= 200


def test_hadamards_are_no_fourier_transform():
    qft, plain = synth_qft_full(5), QuantumCircuit(5)
    plain.h(range(5))
    found = distributed(plain, 2)
    with pytest.raises(qn.VerificationError):
        proof_of(qft, steps_of(qft), found.built)


def test_a_wrong_large_circuit_is_refused():
    right = distributed(synth_qft_full(14), 2, rename_swaps=True)
    assert right.verify().method == "gates"
    at = next(k for k, each in enumerate(right.built.circuit.data) if each.name == "cp")
    refused(right, changed(right.built, at, []))
    clifford = distributed("ghz:40", 4)
    assert clifford.verify().method == "tableau" and clifford.resources["bell_pairs"] == 3
    at = [k for k, each in enumerate(clifford.built.circuit.data) if each.name == "cz"][5]
    refused(clifford, changed(clifford.built, at, []))


def test_a_phase_of_the_last_qubits_is_part_of_the_unitary():
    """A unitary of many qubits is compared in parts, and the parts share one phase."""
    ladder = QuantumCircuit(10)
    for qubit in range(9):
        ladder.cx(qubit, qubit + 1)
    found = distributed(ladder, 2)
    for gate in (ZGate(), CPhaseGate(0.3)):
        other = QuantumCircuit(10)
        other.append(gate, range(10 - gate.num_qubits, 10))
        other.compose(ladder, inplace=True)
        with pytest.raises(qn.VerificationError):
            proof_of(other, steps_of(other), found.built)


def test_a_gate_between_nodes_without_a_pair_is_refused():
    found = distributed("ghz:2", 2, ["node1", "node2"])
    circuit = QuantumCircuit(*found.built.circuit.qregs)
    a, b = found.built.data
    circuit.h(a)
    circuit.h(b)
    circuit.cz(a, b)
    circuit.h(b)
    refused(found, replace(found.built, circuit=circuit, claims=()))


def test_equal_circuits_of_other_gates_are_compared_on_random_inputs():
    one, other = QuantumCircuit(13), QuantumCircuit(13)
    one.cp(0.3, 0, 12)
    other.cp(0.1, 0, 12)
    other.cp(0.2, 0, 12)
    proof = proof_of(one, steps_of(one), distributed(other, 2).built)
    # A Pauli on one qubit keeps a third of its eigenstates and of the two other bases nothing.
    assert proof.method == "inputs" and proof.escapes == pytest.approx((1 - 0.01 * (1 - 1 / 3)) ** 3)
    wrong = QuantumCircuit(13)
    wrong.cp(0.1, 0, 12)
    with pytest.raises(qn.VerificationError):
        proof_of(one, steps_of(one), distributed(wrong, 2).built)


def test_claims_must_be_true():
    found = distributed("ghz:4", 2)
    for claims in (found.built.claims[:1], found.built.claims[::-1], ()):
        refused(found, replace(found.built, claims=claims))


def test_few_communication_qubits_cost_more_pairs_and_too_few_are_refused():
    circuit = QuantumCircuit(4)
    circuit.cp(0.3, 0, 2)
    circuit.h(2)
    circuit.cp(0.4, 0, 3)
    circuit.h(0)
    for a, b in ((0, 2), (1, 3), (1, 2), (0, 3)):
        circuit.cp(0.5, a, b)
    assignment = ["a", "a", "b", "b"]
    for limit in (1, 2, None):
        nodes = [qn.Node("a", communication=limit), qn.Node("b", communication=limit)]
        network = qn.Network(nodes, [("a", "b", qn.Link())])
        found = distributed(circuit, network, assignment)
        found.verify()
        assert limit is None or max(found.resources["communication_qubits"].values()) <= limit
    station = qn.Network(
        ["a", qn.Node("s", communication=1), "b"], [("a", "s", qn.Link()), ("s", "b", qn.Link())]
    )
    with pytest.raises(qn.ParameterError, match="communication"):
        distributed(circuit, station, assignment)


def test_routes_take_a_pair_of_each_link():
    found = distributed("ghz:2", qn.Network.chain(3), ["alice", "bob"])
    assert found.resources["bell_pairs_by_link"] == {
        "alice-station1": 1,
        "station1-station2": 1,
        "station2-bob": 1,
    }
    assert found.verify().remote == 2


def test_links_are_counted_whatever_the_names_of_their_nodes():
    network = qn.Network(["a-b", "c-d"], [("c-d", "a-b", qn.Link())])
    assert distributed("ghz:2", network, ["a-b", "c-d"]).resources["bell_pairs_by_link"] == {"c-d-a-b": 1}


def test_the_plot_has_a_mark_for_each_pair():
    found = distributed("ghz:3", 3)
    ax = found.draw()
    marks = [line for line in ax.lines if line.get_gid() == "entangle"]
    plt.close(ax.figure)
    assert len(marks) == found.resources["bell_pairs"] == 2


def test_the_fidelity_of_a_process_follows_from_the_errors_of_its_pair(tmp_path):
    """X of the copy reverses the control, Z of the copy is Z of the shared qubit. The file changes from run to run."""
    path, f = tmp_path / "circuit.qasm", 0.85
    flip, sign = np.kron(np.eye(2), TWO), np.diag([1, -1, 1, -1])
    for angle in (0.7, 2.0):
        circuit = QuantumCircuit(2)
        circuit.cp(angle, 0, 1)
        path.write_text(qasm2.dumps(circuit))
        gate = np.diag([1, 1, 1, np.exp(1j * angle)])
        made = [gate, flip @ gate @ flip, sign @ gate, sign @ flip @ gate @ flip]
        kept = [abs(np.trace(gate.conj() @ each)) ** 2 / 16 for each in made]
        value = qn.predict(qn.CircuitOverNodes(str(path), link_fidelity=f, task="process")).fidelity.value
        assert value == pytest.approx(np.dot([f, *[(1 - f) / 3] * 3], kept), abs=1e-9)


@pytest.mark.parametrize(
    "network", [None, qn.Network([qn.Node("a", data=2), qn.Node("b", data=1)], [("b", "a", qn.Link(0.9))])]
)
def test_the_undivided_circuit_is_a_control(network):
    protocol = qn.CircuitOverNodes("ghz:3", link_fidelity=None if network else 0.9, network=network)
    figures = qn.run(protocol, "exact", controls=True).figures
    assert figures["fidelity"].value == pytest.approx(0.9) and figures[
        "fidelity_swap_transport"
    ].value == pytest.approx(1)


@pytest.mark.parametrize("fidelity", [0.9, 0.8])
def test_the_fidelity_of_a_packet_is_that_of_its_pair(fidelity):
    protocol = qn.CircuitOverNodes("ghz:2", link_fidelity=fidelity, task="process")
    assert qn.predict(protocol).fidelity.value == pytest.approx(fidelity, abs=1e-9)


def test_the_protocol_is_perfect_without_noise_and_tells_its_ledger():
    result = qn.run(qn.CircuitOverNodes("qft:3"), shots=50, seed=1)
    assert result.fidelity.value == 1
    ledger = result.more["distribution"]
    assert ledger["bell_pairs"] == result.resources["bell_pairs"] and ledger["cutting_overhead"] > 9
    assert qn.run(qn.CircuitOverNodes("qaoa:6", 1), "exact").fidelity.value == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("seed", [1])
def test_fidelity_is_never_worse_than_with_the_fewest_pairs(seed):
    check_objective(seed)


def check_objective(seed):
    rng = np.random.default_rng(seed)
    circuit = random_circuit(seed, most_qubits=3, most_gates=6, fewest=3)
    nodes = [qn.Node(name, data=1) for name in "abc"]
    links = [(a, b, qn.Link(float(rng.uniform(0.7, 1)))) for a, b in ("ab", "bc", "ca")]
    network = qn.Network(nodes, links)
    few = qn.distribute_circuit(circuit, network)
    best = qn.distribute_circuit(circuit, network, objective="fidelity", candidates=2)
    gain = fidelity_of(best) - fidelity_of(few)
    assert gain >= -1e-9
    return gain


def fidelity_of(found):
    from qiskit.quantum_info import Statevector

    from qnet_circuits.distributed.estimation import estimation_of

    estimation = estimation_of(Statevector(found.original).data, 32, np.random.default_rng(0))
    items = [qn.Item(setting.lower(), found.measured(setting)) for setting in estimation.settings]
    return (
        qn.predict(qn.Program(items, [qn.Figure("f", estimation.expression)], found.network))
        .figures["f"]
        .value
    )


@pytest.mark.slow
def test_fidelity_is_better_on_a_third_of_thirty_networks():
    assert sum(check_objective(seed) > 1e-6 for seed in range(30)) >= 10


def test_circuits_come_from_files(tmp_path):
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cp(0.3, 1, 2)
    (tmp_path / "two.qasm").write_text(qasm2.dumps(circuit))
    (tmp_path / "three.qasm").write_text(qasm3.dumps(circuit))
    with (tmp_path / "circuit.qpy").open("wb") as file:
        qpy.dump(circuit, file)
    for name in ("two.qasm", "three.qasm", "circuit.qpy"):
        found = distributed(str(tmp_path / name), 2)
        assert proof_of(circuit, found.steps, found.built).method == "unitary"


def _controlled():
    circuit = QuantumCircuit(2, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    return circuit


def _measured():
    circuit = QuantumCircuit(2, 1)
    circuit.measure(0, 0)
    circuit.cx(0, 1)
    return circuit


def _unbound():
    circuit = QuantumCircuit(2)
    circuit.cp(Parameter("x"), 0, 1)
    return circuit


def _hidden():
    part = QuantumCircuit(2)
    part.reset(0)
    circuit = QuantumCircuit(13)
    circuit.t(range(13))
    circuit.append(part.to_instruction(), [0, 12])
    return circuit


@pytest.mark.parametrize(
    "options",
    [
        {"objective": "fidelity", "assignment": ["node1", "node2"]},
        {"device": "fake_manila"},
        {"candidates": 4},
    ],
)
def test_what_an_objective_does_not_use_is_refused(options):
    (name,) = {*options} - {"objective"}
    with pytest.raises(qn.ParameterError, match=name):
        qn.distribute_circuit("ghz:2", 2, **options)


def test_one_of_a_kind_is_in_the_singular():
    found = qn.distribute_circuit("ghz:2", 2)
    for text in ("1 gate between", "1 packet\n", "1 Bell pair ("):
        assert text in str(found)


APART = qn.Network(["a", "b", "c"], [("a", "b", qn.Link())])
SMALL = qn.Network([qn.Node("a", data=1), qn.Node("b", data=1)], [("a", "b", qn.Link())])


@pytest.mark.parametrize(
    ("circuit", "network", "assignment"),
    [(_controlled(), 2, None), (_hidden(), 2, None), (None, 2, None),
     (_measured(), 2, None), (_unbound(), 2, None), ("ghz:3", SMALL, None),
     ("ghz:3", APART, None), ("ghz:3", 0, None), ("ghz:x", 2, None), ("circuit.txt", 2, None), ("missing.qasm", 2, None),
     ("ghz:3", 2, ["node1"]), ("ghz:3", 2, ["node1", "node1", "c"]), ("ghz:2", SMALL, ["a", "a"]), (QuantumCircuit(), 2, None)],
)  # fmt: skip
def test_what_cannot_be_distributed_is_refused_in_one_line(circuit, network, assignment):
    with pytest.raises(qn.QnetError) as refused:
        qn.distribute_circuit(circuit, network, assignment)
    assert "\n" not in str(refused.value)
