"""Tomography in a program: its circuits, its figures on every way of running, and what it refuses."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit import quantum_info as qi
from qiskit.circuit.library import UnitaryGate

import qnet_circuits as qn
from qnet_circuits.errors import NoShotsError, ParameterError, ProgramError, UnknownNameError
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.state_functions import StateFunction
from qnet_circuits.theory.states import FUNCTIONS, labels


def _circuit(gate, qubits):
    circuit = QuantumCircuit(QuantumRegister(qubits, "node"))
    circuit.append(UnitaryGate(gate), range(qubits))
    return circuit


def _program(made, *names):
    return qn.Program(made.items, made.figures(*names))


@pytest.mark.parametrize("qubits", [1, 2])
def test_exact_figures_of_a_random_state(rng, qubits):
    """Of a part of a larger pure state, so that it is mixed; the order of qubits is that of the list."""
    gate = qi.random_unitary(2 ** (qubits + 1), seed=int(rng.integers(1 << 30)))
    circuit = _circuit(gate, qubits + 1)
    chosen = rng.permutation(qubits + 1)[:qubits]
    others = [k for k in range(qubits + 1) if k not in chosen]
    whole = qi.DensityMatrix(qi.Statevector(gate.data[:, 0]))
    order = sorted(chosen)
    state = qi.partial_trace(whole, others)
    # Qiskit's qubit k of the reduced state is to be the k-th that is chosen.
    state = state.evolve(_permutation([order.index(k) for k in chosen]))
    target = qi.random_statevector(2**qubits, seed=int(rng.integers(1 << 30)))
    made = qn.Tomography(circuit, [circuit.qubits[k] for k in chosen], ideal=target)
    result = qn.predict(_program(made, *made_names(qubits), "paulis"))
    assert result.fidelity.value == pytest.approx(qi.state_fidelity(state, target))
    assert result.entropy.value == pytest.approx(qi.entropy(state, base=2), abs=1e-7)
    assert result.purity.value == pytest.approx(qi.purity(state).real)
    for label in labels(qubits)[1:]:
        expected = state.expectation_value(qi.Pauli(label[::-1].upper())).real
        assert result[label].value == pytest.approx(expected, abs=1e-9)
    if qubits == 2:
        assert result.negativity.value == pytest.approx(qi.negativity(state, [0]), abs=1e-8)
        assert result.concurrence.value == pytest.approx(qi.concurrence(state), abs=1e-7)
    assert np.allclose(qn.density_matrix(result).data, state.data)


def made_names(qubits):
    return ["fidelity", "entropy", "purity", *(["negativity", "concurrence"] if qubits > 1 else [])]


def _permutation(places):
    """Return the operator that takes the qubit at each of these places to 0, 1, ..."""
    size = 2 ** len(places)
    matrix = np.zeros((size, size))
    for k in range(size):
        matrix[sum(((k >> old) & 1) << new for new, old in enumerate(places)), k] = 1
    return qi.Operator(matrix)


def test_exact_figures_of_a_random_process(rng):
    qubits = 2
    gate = qi.random_unitary(2**qubits, seed=int(rng.integers(1 << 30)))
    ideal = qi.random_unitary(2**qubits, seed=int(rng.integers(1 << 30)))
    circuit = _circuit(gate, qubits)
    made = qn.Tomography(circuit, circuit.qubits, circuit.qubits, ideal=ideal)
    assert len(made.items) == 12**qubits
    result = qn.predict(_program(made))
    assert result.fidelity.value == pytest.approx(qi.process_fidelity(gate, ideal), abs=1e-9)
    assert result.average_fidelity.value == pytest.approx(qi.average_gate_fidelity(gate, ideal), abs=1e-9)
    assert result.ideal == {"fidelity": pytest.approx(1), "average_fidelity": pytest.approx(1)}


def test_elements_of_a_process_are_qiskits(rng):
    gate = qi.random_unitary(2, seed=int(rng.integers(1 << 30)))
    circuit = _circuit(gate, 1)
    result = qn.predict(_program(qn.Tomography(circuit, circuit.qubits, circuit.qubits), "paulis"))
    expected = qi.PTM(gate).data.real
    for a, before in enumerate("ixyz"):
        for b, after in enumerate("xyz", start=1):
            assert result[f"{before}_{after}"].value == pytest.approx(expected[b, a], abs=1e-9)


def _channel(gate, ins, outs):
    """Return what a gate makes of some qubits in others, where all that are not put in are |0⟩."""
    total = gate.num_qubits
    columns = [sum((k >> i & 1) << qubit for i, qubit in enumerate(ins)) for k in range(2 ** len(ins))]
    rest = [qubit for qubit in range(total) if qubit not in outs]

    def rows(seen):
        places = [*outs, *rest]
        return [
            sum((k >> i & 1) << q for i, q in enumerate(places))
            for k in range(2**total)
            if k >> len(outs) == seen
        ]

    return qi.Kraus([gate.data[np.ix_(rows(seen), columns)] for seen in range(2 ** len(rest))])


@pytest.mark.parametrize(
    ("ins", "outs"), [((0,), (0, 1)), ((1,), (1, 0)), ((0, 1), (1,)), ((2,), (0, 1))], ids=str
)
def test_a_process_may_have_fewer_inputs_than_outputs_or_more(ins, outs, rng):
    """The elements of the process are traces of Paulis after Qiskit's channel."""
    total = 1 + max(*ins, *outs)
    gate = qi.random_unitary(2**total, seed=int(rng.integers(1 << 30)))
    circuit, channel = _circuit(gate, total), _channel(gate, ins, outs)
    made = qn.Tomography(
        circuit, [circuit.qubits[k] for k in outs], [circuit.qubits[k] for k in ins], ideal=channel
    )
    result = qn.predict(_program(made, "paulis"))
    for name, estimate in result.figures.items():
        before, after = (qi.Pauli(label[::-1].upper()).to_matrix() for label in name.split("_"))
        images = [each @ before @ each.conj().T for each in channel.data]
        expected = sum(np.trace(after @ image).real for image in images) / 2 ** len(ins)
        assert (estimate.value, result.ideal[name]) == pytest.approx((expected, expected), abs=1e-9), name


def test_the_fidelity_of_a_process_into_more_qubits_is_that_of_choi_states(rng):
    gate, other = (qi.random_unitary(4, seed=int(rng.integers(1 << 30))) for _ in range(2))
    circuit = _circuit(gate, 2)
    ideal = qi.Operator(other.data[:, :2], input_dims=(2,), output_dims=(2, 2))
    result = qn.predict(_program(qn.Tomography(circuit, circuit.qubits, circuit.qubits[:1], ideal=ideal)))
    overlap = np.trace(other.data[:, :2].conj().T @ gate.data[:, :2]) / 2
    assert list(result.figures) == ["fidelity"]
    assert (result.fidelity.value, result.ideal["fidelity"]) == pytest.approx((abs(overlap) ** 2, 1.0))


def test_a_process_of_three_qubits_has_its_circuits():
    circuit = QuantumCircuit(QuantumRegister(3, "node"))
    made = qn.Tomography(circuit, circuit.qubits, circuit.qubits, ideal=np.eye(8))
    (fidelity,) = made.figures("fidelity")
    assert len(made.items) == 1728
    assert fidelity.expression.value(lambda event: 1.0) == pytest.approx(
        fidelity.expression.constant + sum(w for w, _ in fidelity.expression.terms)
    )


def test_three_qubits_have_a_negativity_for_each_cut():
    """A pair that is entangled less than fully, and a third qubit by itself."""
    circuit = QuantumCircuit(QuantumRegister(3, "node"))
    circuit.ry(0.8, 0)
    circuit.cx(0, 2)
    circuit.sx(1)
    state = qi.Statevector(circuit)
    made = qn.Tomography(circuit, circuit.qubits, ideal=state)
    program = qn.Program(made.items, [*made.figures(), *made.figures("paulis")])
    result, sampled = qn.predict(program), qn.run(program, shots=100, seed=1, level=0.999999)
    names = ["fidelity", "negativity_0", "negativity_1", "negativity_2", "entropy", "purity"]
    assert list(result.figures) == [*names, *labels(3)[1:]]
    for cut in range(3):
        assert result[f"negativity_{cut}"].value == pytest.approx(qi.negativity(state, [cut]), abs=1e-9)
    assert result.fidelity.value == pytest.approx(1) and np.allclose(
        qn.density_matrix(result).data, qi.DensityMatrix(state).data
    )
    for name, estimate in sampled.figures.items():
        assert estimate.low - 1e-9 <= result[name].value <= estimate.high + 1e-9, name


def test_a_sampled_run_holds_theory_and_is_the_same_again(tmp_path):
    protocol = qn.StateTomography(hops=2, link_fidelity=0.9)
    result = qn.run(protocol, shots=500, seed=3, path=tmp_path / "run", level=0.999999)
    for name in FUNCTIONS:
        assert result.theory[name] in result[name]
    assert qn.replay(tmp_path / "run", level=0.999999).figures == result.figures
    assert qn.open_run(tmp_path / "run").result(0.999999).figures == result.figures


def test_exact_values_of_a_pair_are_the_closed_forms():
    protocol = qn.StateTomography(network=qn.Network.chain(1, qn.Link(pauli=(0.7, 0.1, 0.15, 0.05))))
    result = qn.predict(protocol)
    theory = protocol.theory(qn.NoiseParameters())
    assert theory["concurrence"] == pytest.approx(0.4) and theory["negativity"] == pytest.approx(0.2)
    for name, value in theory.items():
        assert result[name].value == pytest.approx(value, abs=1e-9), name


def test_the_concurrence_of_a_werner_pair_is_that_of_its_visibility():
    for fidelity in (0.4, 0.5, 0.8):
        visibility = (4 * fidelity - 1) / 3
        expected = max(0.0, (3 * visibility - 1) / 2)
        assert qn.predict(qn.StateTomography(link_fidelity=fidelity)).concurrence.value == pytest.approx(
            expected, abs=1e-9
        )


def test_a_cnot_over_a_noisy_link():
    protocol = qn.ProcessTomography(
        process="cnot", network=qn.Network.chain(1, qn.Link(pauli=(0.7, 0.1, 0.15, 0.05)))
    )
    result, theory = qn.predict(protocol), protocol.theory(qn.NoiseParameters())
    assert {name: estimate.value for name, estimate in result.figures.items()} == pytest.approx(
        theory, abs=1e-9
    )


def test_the_pauli_means_of_a_result_are_its_state():
    result = qn.predict(qn.StateTomography(link_fidelity=0.7))
    state = qn.density_matrix(result)
    assert qi.concurrence(state) == pytest.approx(result.concurrence.value)
    with pytest.raises(ParameterError, match="'far'"):
        qn.density_matrix(result, name="far")
    with pytest.raises(ParameterError, match="without readout errors"):
        qn.density_matrix(result, mitigated=True)
    with pytest.raises(ParameterError, match="Pauli means"):
        qn.density_matrix(qn.predict(qn.RepeaterChain()))


def test_a_stored_program_in_blocks_is_analysed_again(tmp_path):
    circuit = QuantumCircuit(QuantumRegister(2, "node"))
    circuit.h(0)
    circuit.cx(0, 1)
    program = _program(qn.Tomography(circuit, circuit.qubits), "negativity", "entropy")
    result = qn.run(program, shots=50, seed=1, repeats=3, path=tmp_path / "run", level=0.999999)
    assert set(result.blocks) == {"negativity", "entropy"} and 0.5 in result.negativity
    assert len(set(result.blocks["negativity"]["values"])) == 3
    assert qn.open_run(tmp_path / "run").result(0.999999).figures == result.figures


def test_two_tomographies_in_one_program():
    circuit = QuantumCircuit(QuantumRegister(2, "node"))
    circuit.h(0)
    circuit.cx(0, 1)
    both = [
        qn.Tomography(circuit, [circuit.qubits[0]], name="one"),
        qn.Tomography(circuit, circuit.qubits, name="two"),
    ]
    program = qn.Program(
        [item for each in both for item in each.items],
        [f for each in both for f in each.figures("entropy", "paulis")],
    )
    result = qn.predict(program)
    assert result.one_entropy.value == pytest.approx(1) and result.two_entropy.value == pytest.approx(
        0, abs=1e-7
    )
    assert qi.entropy(qn.density_matrix(result, name="one"), base=2) == pytest.approx(1)


@dataclass(frozen=True)
class Known(qn.Protocol):
    """A circuit with a register ``out`` of its own, which a bit of real time decides in."""

    name: ClassVar[str] = "known"

    def program(self, rng):
        circuit = QuantumCircuit(QuantumRegister(2, "node"), ClassicalRegister(1, "out"))
        circuit.h(0)
        circuit.measure(0, 0)
        qn.correct(circuit, circuit.qubits[1], x=[circuit.clbits[0]])
        made = qn.Tomography(circuit, circuit.qubits[1])
        return _program(made, "purity", "paulis")


@pytest.mark.parametrize("corrections", ["frame", "feedforward", "postselect"])
def test_corrections_and_post_selection_come_before_the_state(corrections):
    result = qn.run(Known(), shots=400, seed=1, corrections=corrections, level=0.999999)
    expected = {"frame": 0.5, "feedforward": 0.5, "postselect": 1.0}[corrections]
    assert expected in result.purity
    assert result.z.value == pytest.approx(1 if corrections == "postselect" else 0, abs=0.3)


def test_a_condition_keeps_the_state_of_some_shots():
    """Half of a Bell pair whose other half was read as 1 is pure; without the condition it is mixed."""
    circuit = QuantumCircuit(QuantumRegister(2, "node"), ClassicalRegister(1, "herald"))
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure(0, 0)
    made = qn.Tomography(circuit, circuit.qubits[1])
    figures = made.figures("purity", "entropy")
    kept = [
        Figure(f"{each.name}_1", qn.keep_if(each.expression, [("herald", 0)], ["1"]), physical=each.physical)
        for each in figures
    ]
    program = qn.Program(made.items, [*figures, *kept])
    exact, sampled = qn.predict(program), qn.run(program, shots=200, seed=1, level=0.999999)
    expected = {"purity": 0.5, "entropy": 1.0, "purity_1": 1.0, "entropy_1": 0.0}
    assert {name: estimate.value for name, estimate in exact.figures.items()} == pytest.approx(
        expected, abs=1e-9
    )
    assert all(value in sampled[name] for name, value in expected.items())
    assert sampled.purity_1.n < 400 < sampled.purity.n == 600


def test_control_experiments_have_the_state_too():
    result = qn.run(qn.StateTomography(hops=2), shots=200, seed=1, controls=True, level=0.999999)
    assert 0.5 in result.negativity and result.negativity_uncorrected.high < 0.4


def test_figures_are_kept_in_plain_values():
    circuit = QuantumCircuit(QuantumRegister(2, "node"))
    for figure in qn.Tomography(circuit, circuit.qubits, ideal=qi.Statevector.from_label("00")).figures():
        assert Figure.from_dict(figure.to_dict()) == figure
        if isinstance(figure.expression, StateFunction):
            assert eval(repr(figure.expression)) == figure.expression


def test_a_budget_is_of_functions_of_the_state():
    budget = qn.error_budget(qn.StateTomography(), "fake_manila", figure="negativity")
    assert budget.value < budget.ideal == pytest.approx(0.5)
    assert next(row.alone for row in budget.rows if row.source == "readout") > 0.01


# -- what is refused -------------------------------------------------------------------------------------------------


def _settings(qubits):
    bits = tuple(("out", k) for k in range(qubits))
    return tuple(Event(str(k), bits) for k in range(3**qubits))


NODE = QuantumCircuit(QuantumRegister(4, "node"))
REFUSED = [
    (lambda: qn.Tomography(NODE, NODE.qubits), ParameterError, "qubits .* 1 to 3, got 4"),
    (lambda: qn.Tomography(NODE, NODE.qubits[:1], NODE.qubits), ParameterError, "inputs .* 0 to 3, got 4"),
    (lambda: qn.Tomography(NODE, []), ParameterError, "qubits .* 0"),
    (lambda: qn.Tomography(NODE, [NODE.qubits[0]] * 2), ParameterError, "qubits .* twice"),
    (lambda: qn.Tomography(NODE, [QuantumRegister(1, "far")[0]]), ProgramError, r"far.*node\[4\]"),
    (lambda: qn.Tomography(NODE, [3]), ProgramError, "3"),
    (lambda: qn.Tomography("node", []), ParameterError, "'node'"),
    (lambda: qn.Tomography(NODE, NODE.qubits[:2], ideal="xx").figures(), ParameterError, "ideal .*no state"),
    (lambda: qn.Tomography(NODE, NODE.qubits[:2], ideal=np.eye(2) / 2).figures(), ParameterError, "ideal .*2 qubits"),
    (lambda: qn.Tomography(NODE, NODE.qubits[:1], NODE.qubits[:1], ideal=np.eye(4)).figures(), ParameterError, "from 1"),
    (lambda: qn.Tomography(NODE, NODE.qubits[:2]).figures("fidelity"), ParameterError, "pure state"),
    (lambda: qn.Tomography(NODE, NODE.qubits[:1], ideal=np.eye(2) / 2).figures(), ParameterError, "pure state"),
    (lambda: qn.Tomography(NODE, NODE.qubits[:3]).figures("concurrence"), UnknownNameError, "concurrence"),
    (lambda: StateFunction("fidelity", _settings(1)), UnknownNameError, "fidelity"),
    (lambda: StateFunction("entropy", _settings(1)[:2]), ParameterError, "got 2 of 1"),
    (lambda: StateFunction("entropy", ()), ParameterError, "got 0 of no"),
    (lambda: StateFunction("entropy", (*_settings(1)[:2], *_settings(2)[:1])), ParameterError, "got 3 of 1, 2"),
    (lambda: StateFunction("concurrence", _settings(1)), ParameterError, "two qubits, got 1"),
    (lambda: StateFunction("negativity", _settings(2), (0, 1)), ParameterError, r"\(0, 1\)"),
    (lambda: StateFunction("negativity", _settings(2)), ParameterError, r"\(\)"),
    (lambda: StateFunction("entropy", _settings(1), (0,)), ParameterError, "negativity"),
    (lambda: Figure("s", StateFunction("entropy", _settings(1)), null=0.0), ParameterError, "null"),
    (lambda: Figure("s", StateFunction("entropy", _settings(1)), drawn_from=9), ParameterError, "function.*drawn_from"),
    (lambda: qn.run(qn.StateTomography(), shots=1), ParameterError, "negativity .*2 shots .*got 1"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "error", "message"), REFUSED)
def test_bad_input_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_one_shot_that_post_selection_leaves_is_refused():
    made = qn.Tomography(NODE, NODE.qubits[:1])
    outcomes = {
        item.name: {"out": np.zeros((1 if item.name == "y" else 9, 1), dtype=bool)} for item in made.items
    }
    with pytest.raises(NoShotsError, match=r"2 shots.*got 1"):
        made.figures("entropy")[0].estimate(outcomes)


def test_where_a_setting_has_one_shot_functions_have_no_value_and_the_rest_has(rng):
    circuit = QuantumCircuit(1)
    state = qn.Tomography(circuit, circuit.qubits, ideal=np.diag([1.0, 0.0]))
    compiled = qn.compile(qn.Program(state.items, state.figures("purity", "fidelity")))
    found = compiled.analyze(
        {"x": rng.random((1, 1)) < 0.5, "y": rng.random((50, 1)) < 0.5, "z": np.zeros((50, 1), bool)}
    )
    assert set(found.figures) == {"fidelity"} and found.fidelity.value == 1
    assert any("purity has no value" in note and "2 shots" in note for note in found.notes)
