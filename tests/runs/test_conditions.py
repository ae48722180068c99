"""Figures under conditions through a whole run: distillation by tests that agree, post-selection in place of corrections."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import NoShotsError, UnsupportedError
from qnet_circuits.theory.distillation import bbpssw
from qnet_circuits.theory.estimate import proportion

LEVEL = 1 - 1e-6
ENDS, TESTS = [("out", 0), ("out", 1)], [("test", 0), ("test", 1)]


@dataclass(frozen=True)
class Bbpssw(qn.Protocol):
    """Two Werner pairs become one: CNOTs at both ends, and the second pair must agree in Z."""

    name: ClassVar[str] = "test-bbpssw"
    link_fidelity: float = 0.8

    def program(self, rng):
        items = [qn.Item(name, self._circuit(name[0].upper())) for name in ("xx", "yy", "zz")]
        xx, yy, zz = (qn.parity(item.name, ENDS) for item in items)
        whole = (1 + xx - yy + zz) / 4
        distilled = qn.keep_if(whole, TESTS, ["00", "11"])
        bare = qn.acceptance(distilled)
        figures = [
            qn.Figure("fidelity", distilled, 1.0, physical=(0.0, 1.0)),
            qn.Figure("acceptance", bare, 1.0, physical=(0.0, 1.0)),
            qn.Figure("gain", (1 - whole) / (1 - qn.keep_if(zz, TESTS))),
            qn.Figure("never", qn.keep_if(zz, [*ENDS, ENDS[0]], ["001"])),
        ]
        return qn.Program(items, figures)

    def _circuit(self, basis):
        alice, bob = QuantumRegister(2, "alice"), QuantumRegister(2, "bob")
        made = QuantumCircuit(alice, bob, ClassicalRegister(2, "test"), ClassicalRegister(2, "out"))
        for k in (0, 1):
            qn.entangle(made, alice[k], bob[k], qn.Link(self.link_fidelity))
        made.cx([alice[0], bob[0]], [alice[1], bob[1]])
        made.measure([alice[1], bob[1]], [0, 1])
        for k, own in enumerate((alice, bob)):
            qn.measure_pauli(made, own[0], basis, made.cregs[1][k])
        return made


def gain_of(fidelity):
    """1 - F of what is not post-selected, over 1 - <ZZ> of what is: by the weights of the four Bell states."""
    pair = np.array([fidelity, *[(1 - fidelity) / 3] * 3])  # I, X, Y, Z
    kept = np.zeros(4)
    total = np.zeros(4)
    for a in range(4):
        for b in range(4):
            # X of the first pair is copied to the second, Z of the second to the first.
            x, z = (a in (1, 2)), (a in (2, 3)) ^ (b in (2, 3))
            place = {(0, 0): 0, (1, 0): 1, (1, 1): 2, (0, 1): 3}[int(x), int(z)]
            total[place] += pair[a] * pair[b]
            if (a in (1, 2)) == (b in (1, 2)):
                kept[place] += pair[a] * pair[b]
    kept /= kept.sum()
    return (1 - total[0]) / (2 * (kept[1] + kept[2]))


@pytest.mark.parametrize("fidelity", [0.7, 0.85])
def test_distillation_has_the_fidelity_and_acceptance_of_theory(fidelity):
    exact = qn.predict(Bbpssw(fidelity))
    assert (exact.fidelity.value, exact.acceptance.value) == pytest.approx(bbpssw(fidelity), abs=1e-9)
    assert exact.gain.value == pytest.approx(gain_of(fidelity), abs=1e-9)
    sampled = qn.run(Bbpssw(fidelity), shots=3000, seed=1, level=LEVEL, predict=True)
    for name in ("fidelity", "acceptance", "gain"):
        assert exact[name].value in sampled[name] and sampled.predicted[name] == exact[name].value
    assert sampled.acceptance.n == 9000
    assert sampled.fidelity.n == round(sampled.acceptance.value * 9000)
    for result in (exact, sampled):
        assert "never" not in result.figures
        assert sum(note.startswith("never has no value") for note in result.notes) == 1


def test_the_state_of_kept_pairs_can_be_measured_completely():
    """A function of a state under a condition: of Bell-diagonal pairs the negativity is F - 1/2."""
    alice, bob, test = QuantumRegister(2, "alice"), QuantumRegister(2, "bob"), ClassicalRegister(2, "test")
    circuit = QuantumCircuit(alice, bob, test)
    for k in (0, 1):
        qn.entangle(circuit, alice[k], bob[k], qn.Link(0.8))
    circuit.cx([alice[0], bob[0]], [alice[1], bob[1]])
    circuit.measure([alice[1], bob[1]], test)
    state = qn.Tomography(circuit, [alice[0], bob[0]])
    (whole,) = state.figures("negativity")
    figure = qn.keep_if(whole, TESTS, ["00", "11"])
    found = qn.predict(qn.Program(state.items, [figure, qn.Figure("kept", qn.acceptance(figure))]))
    fidelity, success = bbpssw(0.8)
    assert (found.negativity.value, found.kept.value) == pytest.approx((fidelity - 0.5, success), abs=1e-9)


def test_conditions_survive_blocks_and_a_directory(tmp_path):
    result = qn.run(Bbpssw(), shots=500, seed=1, repeats=3, path=tmp_path / "run")
    assert [len(result.blocks[name]["values"]) for name in ("fidelity", "acceptance", "gain")] == [3, 3, 3]
    again = qn.replay(tmp_path / "run")
    assert again.figures == result.figures and again.blocks == result.blocks
    budget = qn.error_budget(Bbpssw(), qn.line_device(4), figure="fidelity")
    assert budget.value == pytest.approx(qn.predict(Bbpssw(), qn.line_device(4)).fidelity.value)
    with pytest.raises(NoShotsError, match="gain has no value: its denominator is 0"):
        qn.error_budget(Bbpssw(), qn.line_device(4), figure="gain")  # where nothing goes wrong


def test_mitigation_takes_readout_errors_out_of_conditions_and_ratios():
    """The tests' bits are read wrongly, too: the raw figures are far off, the mitigated ones are not."""
    device, noise = qn.line_device(4, readout_error=0.06), {"gates": False, "idle": False}
    run = qn.run(Bbpssw(0.6), device, shots=6000, seed=2, mitigate=True, noise=noise, level=LEVEL)
    ideal = qn.predict(Bbpssw(0.6), device, noise=DeviceNoise(gates=False, idle=False, readout=False))
    for name in ("fidelity", "acceptance", "gain"):
        assert ideal[name].value not in run[name]
        assert ideal[name].value in run.mitigated[name]


def test_a_ratio_that_cannot_be_mitigated_is_left_raw_with_a_note():
    """Without readout errors hardly a pair that agreed in the test differs, so the denominator may be 0."""
    device = qn.line_device(4, readout_error=0.06)
    run = qn.run(Bbpssw(1.0), device, shots=300, seed=2, mitigate=True, noise={"gates": False, "idle": False})
    assert "gain" in run.figures and set(run.mitigated) == {"fidelity", "acceptance"}
    assert sum(note.startswith("gain is not mitigated: its denominator") for note in run.notes) == 1


# -- post-selection in place of corrections ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "protocol", [qn.RepeaterChain(hops=3), qn.Teleportation()], ids=lambda each: each.name
)
def test_an_exact_run_has_the_acceptance_of_post_selection(protocol):
    exact = qn.predict(protocol, corrections="postselect")
    sampled = qn.run(protocol, shots=300, seed=1, corrections="postselect", level=LEVEL, predict=True)
    assert exact.acceptance.value == pytest.approx(0.25) and exact.acceptance.value in sampled.acceptance
    assert sampled.predicted["acceptance"] == pytest.approx(exact.acceptance.value)
    assert "acceptance" not in qn.predict(protocol).figures


def test_acceptance_is_of_all_shots_of_all_blocks():
    result = qn.run(
        qn.RepeaterChain(hops=2), shots=400, seed=1, repeats=3, corrections="postselect", level=LEVEL
    )
    assert (result.acceptance.n, len(result.blocks["acceptance"]["values"])) == (3600, 3)
    assert 0.25 in result.acceptance
    assert np.mean(result.blocks["acceptance"]["values"]) == pytest.approx(result.acceptance.value)


def test_an_acceptance_of_the_protocol_s_own_stands_beside_that_of_post_selection():
    swap = qn.RepeaterChain(hops=2).program(np.random.default_rng(0))
    zz = swap.figures[-1].expression
    own = qn.Figure("acceptance", qn.acceptance(qn.keep_if(zz, ENDS[:1], ["0"])), ideal=0.5)
    program = qn.Program(swap.items, [own])
    for result in (
        qn.predict(program, corrections="postselect"),
        qn.run(program, shots=400, seed=1, corrections="postselect", level=LEVEL),
    ):
        assert result.figures.keys() == {"acceptance", "acceptance_of_corrections"}
        assert 0.5 in result.acceptance or result.acceptance.value == pytest.approx(0.5)
        assert result.acceptance_of_corrections.value == pytest.approx(0.25, abs=0.1)


@pytest.mark.parametrize("parties", [22])
def test_a_star_whose_post_selection_hardly_ever_happens_has_exact_values(parties):
    star = qn.Ghz(parties=parties, method="parity-scan", link_fidelity=0.99)
    found = qn.predict(star, corrections="postselect")
    assert found.acceptance.value == pytest.approx(4.0**-parties, rel=1e-6)
    assert found.fidelity.value == pytest.approx(found.theory["fidelity"], rel=1e-6)


def test_what_never_happens_among_what_hardly_ever_happens_has_no_value():
    """Post-selection of 2^-46, and a bit that is always 0 and must be 1: rounding is no chance."""
    star = qn.Ghz(parties=23, method="parity-scan").program(np.random.default_rng(0))
    circuit = star.items[0].circuit.copy()
    circuit.add_register(ClassicalRegister(1, "flag"))
    population = qn.population("p", [("out", 0)], ["0"])
    figures = [qn.Figure(f"when_{k}", qn.keep_if(population, [("flag", 0)], [str(k)])) for k in (0, 1)]
    idle = QuantumRegister(1, "idle")
    circuit.add_register(idle)
    for angle in (0.7, 0.7, 0.7, 0.7, -2.8):  # |0⟩ up to rounding
        circuit.ry(angle, idle)
        circuit.barrier(idle)
    circuit.measure(idle, circuit.cregs[-1])
    found = qn.predict(qn.Program([qn.Item("p", circuit)], figures), corrections="postselect")
    assert set(found.figures) - {"acceptance"} == {"when_0"} and found.when_0.value == pytest.approx(0.5)


# -- what a protocol finds itself --------------------------------------------------------------------------------------


class Found(Bbpssw):
    """Finds how often the tests agree by itself."""

    name: ClassVar[str] = "test-found"

    def analyze(self, outcomes, analysis):
        tests = np.concatenate([registers["test"] for registers in outcomes.values()])
        same = tests[:, 0] == tests[:, 1]
        return qn.Analyzed({"same": proportion(int(same.sum()), len(same), analysis.level)})


def test_what_a_protocol_finds_survives_blocks_and_a_prediction():
    result = qn.run(Found(), shots=400, seed=1, repeats=3, predict=True)
    assert result.same.value == pytest.approx(result.acceptance.value)
    assert result.blocks["same"]["values"] == pytest.approx(result.blocks["acceptance"]["values"])
    assert (result.same.low, result.same.high) == pytest.approx(
        (result.acceptance.low, result.acceptance.high)
    )
    assert result.predicted["acceptance"] == pytest.approx(bbpssw(0.8)[1])
    with pytest.raises(UnsupportedError, match="repeats"):
        qn.run(qn.BBM92(), shots=400, repeats=2)


def test_chsh_of_kept_shots_has_a_p_value():
    """Settings keep different numbers of shots."""
    bits = [("out", 0), ("out", 1)]
    program = qn.Chsh().program(np.random.default_rng(0))
    items = []
    for k, item in enumerate(program.items):
        circuit = item.circuit.copy()
        flag = QuantumRegister(1, "flag")
        circuit.add_register(flag, ClassicalRegister(1, "f"))
        circuit.ry(0.6 + 0.2 * k, flag)
        circuit.measure(flag, circuit.cregs[-1])
        items.append(qn.Item(item.name, circuit))
    figure = program.figures[0]
    kept = qn.Figure(
        "s_value", qn.keep_if(figure.expression, [("f", 0)], ["0"]), ideal=figure.ideal, null=2.0
    )
    assert all(bit in bits for event in kept.events for bit in event.bits)
    found = qn.run(qn.Program(items, [kept], program.network), shots=300, seed=1).s_value
    assert found.n < 1200 and 0 < found.p_value < 0.01 and found.low > 2
