"""Stim samples what the exact engine computes: exactly where noise is Pauli, and elsewhere but for a shift that is told."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import stim
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit.classical import expr

import qnet_circuits as qn
from qnet_circuits.backends.simulation import sampling
from qnet_circuits.backends.simulation.pauli_transfer import transfer
from qnet_circuits.backends.simulation.steps import Depolarise, PauliError, Relax, Turn
from qnet_circuits.backends.simulation.stim_circuits import StimCircuit, errors_of
from qnet_circuits.backends.stim import CHUNK, StimBackend
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import UnsupportedError
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.protocols.bb84 import BB84
from qnet_circuits.protocols.e91 import E91
from tests.devices.calibrations import perfect, rough
from tests.support.programs import random_program
from tests.test_agreement import LEVEL, SMALL, modes

NOT_CLIFFORD = {
    "blind-computing", "certified-randomness", "chsh", "coin-flip", "e91", "ghz-verification", "six-state",
}  # fmt: skip


def clifford(protocol):
    return protocol.name not in NOT_CLIFFORD and getattr(protocol, "method", "") != "parity-scan"


CLIFFORD = [protocol for protocol in SMALL if clifford(protocol)]
#: Every mode of some, one mode of all.
CASES = [
    (each, mode) for each in CLIFFORD for mode in (modes(each) if each in CLIFFORD[:4] else ["feedforward"])
]


def check(result):
    shifts = result.provenance.get("shifts", {})
    assert result.predicted
    for name, exact in result.predicted.items():
        estimate, expected = result[name], exact + shifts.get(name, 0.0)
        assert estimate.low - 1e-9 <= expected <= estimate.high + 1e-9, (
            f"{name}: {expected} is not in {estimate}"
        )
    return shifts


def ran(protocol, backend, shots=20_000, **options):
    own = any(item.shots for item in protocol.program(np.random.default_rng(0)))
    shots = None if own else shots
    return qn.run(protocol, backend, shots=shots, seed=11, level=LEVEL, predict=True, **options)


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("protocol", "mode"), [pytest.param(*each, id=f"{each[0].id}-{each[1]}") for each in CASES]
)
def test_pauli_noise_is_sampled_exactly(protocol, mode):
    assert not check(ran(protocol, "stim", corrections=mode))


TWINS = [
    qn.Teleportation(link_fidelity=0.95),
    qn.RepeaterChain(hops=3),
    qn.Distillation(),
    qn.StateTomography(),
]


@pytest.mark.parametrize("mode", ["frame", "feedforward"])
@pytest.mark.parametrize("protocol", TWINS, ids=lambda each: each.name)
def test_a_device_s_noise_is_sampled_but_for_the_shift_that_is_told(protocol, mode):
    result = ran(
        protocol,
        "stim:fake_nairobi" if mode == "frame" else "stim:fake_torino",
        corrections=mode,
        optimization_level=1,
    )
    assert check(result).keys() == result.predicted.keys()
    assert result.to_dict()["provenance"]["shifts"] == result.provenance["shifts"]
    assert any("twirled" in note for note in result.notes) and any(
        "adds to figures" in note for note in result.notes
    )


def program_of(circuit):
    """Return the program of a circuit, with parities of its last register, and a population under a condition."""
    bits = [("out", k) for k in range(circuit.cregs[-1].size)]
    figures = [qn.Figure(f"p{k}", qn.parity("circuit", bits[: k + 1])) for k in range(len(bits))]
    some = qn.population("circuit", bits[-2:], ["00", "01", "10"], [(*bits[0], 0)])
    return Program([Item("circuit", circuit)], [*figures, qn.Figure("some", some)])


@pytest.mark.parametrize("mode", ["frame", "feedforward"])
@pytest.mark.parametrize("case", range(8))
def test_random_programs_agree_with_the_exact_engine(case, mode, rng):
    program = program_of(random_program(rng, link=lambda: qn.Link(pauli=tuple(rng.dirichlet([8, 1, 1, 1])))))
    options = {"corrections": mode} if any(item.corrects for item in program) else {}
    assert not check(qn.run(program, "stim", predict=True, shots=20_000, seed=case, level=LEVEL, **options))


@pytest.mark.parametrize("case", range(6))
def test_random_programs_agree_with_the_exact_engine_under_strong_noise(case, rng):
    circuit = random_program(rng, length=10)
    backend = StimBackend("stim:rough", Device.from_calibration(rough(rng)))
    given = {
        "shots": 20_000,
        "seed": case,
        "level": LEVEL,
        "optimization_level": 0,
    }
    shifts = check(qn.run(program_of(circuit), backend, corrections="feedforward", predict=True, **given))
    assert 0 < max(map(abs, shifts.values())) < 0.1


def test_errors_of_readout_are_exact_in_both_directions():
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(2, "out"))
    circuit.x(0)
    circuit.measure([0, 1], [0, 1])
    for readout in ((0.02, 0.3), (0.3, 0.02), (0.1, 0.1)):
        backend = StimBackend("stim:perfect", Device.from_calibration(perfect(2, readout=readout)))
        figures = [qn.Figure(f"one{k}", qn.population("circuit", [("out", k)], ["1"])) for k in range(2)]
        result = qn.run(circuit, backend, figures=figures, shots=100_000, seed=1, level=LEVEL)
        assert 1 - readout[1] in result.one0 and readout[0] in result.one1
        assert not any("readout" in note and "twirled" in note for note in result.notes)


def test_errors_of_a_branch_come_as_often_as_the_branch():
    """A parity with the bit that decides does not know whether they came with the branch or by themselves."""
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(2, "out"))
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    device = Device.from_calibration(perfect(2, t1=1.0, t2=1.0, errors={"x": 0.2}))
    figure = [qn.Figure("same", qn.parity("circuit", [("out", 0), ("out", 1)]))]
    given = {"figures": figure, "shots": 20_000, "seed": 1, "level": LEVEL, "predict": True}
    result = qn.run(circuit, StimBackend("stim:perfect", device), **given)
    assert check(result)["same"] == pytest.approx(0, abs=1e-4) and result.predicted["same"] < 0.9
    assert any("branch" in note for note in result.notes)


# -- figures alone ----------------------------------------------------------------------------------------------------

CHAIN = qn.RepeaterChain(hops=4, link_fidelity=0.9)


@pytest.mark.parametrize(
    "options", [{}, {"repeats": 3}, {"corrections": "feedforward"}, {"controls": True}], ids=str
)
def test_figures_alone_are_those_of_the_outcomes_that_are_kept(options, tmp_path):
    given = {"shots": CHUNK + 1001, "seed": 5, **options}
    alone, kept = qn.run(CHAIN, "stim", **given), qn.run(CHAIN, "stim", path=tmp_path / "run", **given)
    assert alone.figures == kept.figures and alone.blocks == kept.blocks and alone.notes == kept.notes
    assert qn.open_run(tmp_path / "run").result().figures == alone.figures
    assert qn.replay(tmp_path / "run").figures == alone.figures


def test_conditions_and_populations_are_counted_as_in_outcomes(rng):
    circuit = random_program(rng, most_nodes=2)
    bits = [("out", k) for k in range(circuit.cregs[-1].size - 1)]
    every = qn.population("circuit", bits[:1], ["0", "1"])
    figures = [
        qn.Figure("given", qn.population("circuit", bits[:2], ["01", "10"], [(*bits[2], 1)])),
        qn.Figure("kept", qn.keep_if(qn.parity("circuit", bits[:1]), bits[1:])),
        qn.Figure("ratio", qn.population("circuit", bits[:2], ["00"]) / every),
        *[qn.Figure(f"p{k}", qn.population("circuit", bits, [f"{k:03b}"])) for k in range(8)],
    ]
    program, given = Program([Item("circuit", circuit)], figures), {"shots": 3003, "seed": 2}
    counted, kept = qn.run(program, "stim", **given), qn.submit(program, "stim", **given).result()
    for name, estimate in kept.figures.items():  # Sums of a ratio may be taken in another order.
        numbers = [
            (each.value, each.low, each.high, each.standard_error) for each in (counted[name], estimate)
        ]
        assert numbers[0] == pytest.approx(numbers[1], rel=1e-12) and counted[name].n == estimate.n


def test_what_else_needs_outcomes_is_given_them():
    kept = qn.run(
        qn.RepeaterChain(hops=2), "stim", corrections="postselect", shots=20_000, seed=1, level=LEVEL
    )
    assert kept.fidelity.value == 1 and 1 / 4 in kept.acceptance
    emulated = qn.run(CHAIN, "stim", emulate_links=True, shots=20_000, seed=1, level=LEVEL)
    assert emulated.theory["fidelity"] in emulated.fidelity
    distribution = qn.run(BB84(pulses=40_000), "stim", seed=1)
    assert distribution.more["ledger"] and distribution.refused is None


def test_outcomes_are_arrays_of_bools_for_whoever_asks():
    run = qn.submit(CHAIN, "stim", shots=1003, seed=1)
    figures = run.result().figures
    outcomes, (raw,) = run.outcomes(), run.raw()
    for registers in (*outcomes.values(), *raw):
        assert all(type(bits) is np.ndarray and bits.dtype == bool for bits in registers.values())
    shape = outcomes["zz"]["out"].shape
    assert shape == (1003, 2)
    same = outcomes["zz"]["out"][:, 0] == outcomes["zz"]["out"][:, 1]
    assert figures["zz"].value == pytest.approx(2 * same.mean() - 1)


# -- what is refused --------------------------------------------------------------------------------------------------


def decided(condition, body, width=2):
    circuit = QuantumCircuit(width + 1, width + 1)
    circuit.h(range(width))
    circuit.measure(range(width), range(width))
    with circuit.if_test(condition(circuit.clbits)):
        body(circuit)
    circuit.measure(width, width)
    return circuit


FIGURE = [qn.Figure("last", qn.population("circuit", [("c", 2)], ["1"]))]
REFUSED = {
    "gate": (lambda bits: (bits[0], 1), lambda circuit: circuit.rx(0.3, 2), "rx"),
    "and": (lambda bits: expr.bit_and(bits[0], bits[1]), lambda circuit: circuit.x(2), "parities"),
    "branch": (lambda bits: (bits[0], 1), lambda circuit: circuit.h(2), "Pauli"),
    "inside": (lambda bits: (bits[0], 1), lambda circuit: circuit.reset(2), "resets"),
}


@pytest.mark.parametrize(("condition", "body", "said"), REFUSED.values(), ids=REFUSED)
def test_what_stim_cannot_express_is_refused_before_anything_runs(condition, body, said):
    with pytest.raises(UnsupportedError, match=said):
        qn.submit(decided(condition, body), "stim", figures=FIGURE)


@pytest.mark.parametrize("protocol", [qn.Chsh(), E91(pairs=4800)], ids=lambda each: each.name)
def test_protocols_that_are_not_clifford_are_refused(protocol):
    with pytest.raises(UnsupportedError, match="aer"):
        qn.run(protocol, "stim")


def test_readout_is_not_measured_under_twirled_relaxation():
    with pytest.raises(UnsupportedError, match="mitigate"):
        qn.submit(qn.RepeaterChain(hops=2), "stim:fake_nairobi", mitigate=True)


def test_decisions_on_parities_and_on_each_bit_of_a_register():
    same = decided(lambda bits: expr.bit_not(expr.bit_xor(bits[0], bits[1])), lambda circuit: circuit.x(2))
    figure = [qn.Figure("same", qn.parity("circuit", [("c", 0), ("c", 1), ("c", 2)]))]
    assert qn.run(same, "stim", figures=figure, shots=1000).same.value == -1
    circuit = QuantumCircuit(QuantumRegister(3), ClassicalRegister(2, "m"), ClassicalRegister(1, "out"))
    circuit.h([0, 1])
    circuit.measure([0, 1], circuit.cregs[0])
    circuit.h(2)
    with circuit.switch(circuit.cregs[0]) as case:
        for value, gates in enumerate(("", "x", "z", "xz")):
            with case(value):
                for gate in gates:
                    getattr(circuit, gate)(2)
    circuit.h(2)
    circuit.measure(2, 2)
    figure = [qn.Figure("second", qn.parity("circuit", [("m", 1), ("out", 0)]))]
    assert qn.run(circuit, "stim", figures=figure, shots=1000).second.value == 1


# -- auto --------------------------------------------------------------------------------------------------------------

CHOSEN = {
    "figures": (qn.RepeaterChain(hops=3), "auto:fake_nairobi", {}, "exact:fake_nairobi"),
    "pauli": (CHAIN, "auto", {"shots": 1000}, "stim"),
    "gates": (qn.Chsh(), "auto", {"shots": 100}, "aer"),
    "few": (qn.RepeaterChain(hops=2), "auto:fake_nairobi", {"shots": 100}, "aer:fake_nairobi"),
    "many": (qn.RepeaterChain(hops=8), "auto:fake_torino", {"shots": 100_000_000}, "stim:fake_torino"),
    "mitigated": (
        qn.RepeaterChain(hops=2),
        "auto:fake_nairobi",
        {"mitigate": True, "shots": 100},
        "aer:fake_nairobi",
    ),
}


@pytest.mark.parametrize(("protocol", "backend", "options", "chosen"), CHOSEN.values(), ids=CHOSEN)
def test_a_backend_is_chosen_and_the_result_says_which(protocol, backend, options, chosen):
    found = qn.submit(protocol, backend, dry_run=True, predict=False, **options)
    assert found.backend.name == chosen
    assert any(note.startswith(f"auto took {chosen}: ") for note in found.notes)


def test_a_run_of_a_chosen_backend_is_resumed_by_name(tmp_path):
    run = qn.submit(CHAIN, "auto", path=tmp_path / "run", shots=1000, seed=1)
    assert qn.open_run(tmp_path / "run").result().figures == qn.run(CHAIN, "stim", shots=1000, seed=1).figures
    assert run.manifest["backend"] == "stim"
    assert qn.run(qn.RepeaterChain(hops=2, link_fidelity=0.9), "auto").fidelity.level == 1


# -- random numbers ---------------------------------------------------------------------------------------------------


def test_no_two_chunks_circuits_or_seeds_share_random_numbers():
    circuit = QuantumCircuit(64, 64)
    circuit.h(range(64))
    circuit.measure(range(64), range(64))
    figures = [qn.Figure(f"p{k}", qn.parity(name, [("c", 0)])) for k, name in enumerate("ab")]
    rows = []
    for seed in (1, 2):
        outcomes = qn.submit(
            {"a": circuit, "b": circuit.copy()}, "stim", figures=figures, shots=CHUNK + 500, seed=seed
        ).outcomes()
        rows += [np.packbits(outcomes[name]["c"], axis=1).tobytes() for name in "ab"]
    shots = [row[k : k + 8] for row in rows for k in range(0, len(row), 8)]
    assert len(shots) == len(set(shots)) == 4 * (CHUNK + 500)


def test_parts_that_were_finished_are_not_sampled_again(monkeypatch):
    monkeypatch.setattr(sampling, "SHORT", -1.0)
    parts, backend = {}, StimBackend()
    keep = SimpleNamespace(get=parts.get, put=parts.__setitem__)
    ticket = backend.submit(qn.compile(CHAIN, "stim"), [CHUNK + 9] * 3, seed=1)
    first = backend.fetch(ticket, keep=keep)
    assert len(parts) == 2
    monkeypatch.setattr(StimCircuit, "sample", None)
    for one, again in zip(first, backend.fetch(ticket, keep=keep), strict=True):
        assert all(np.array_equal(one[name], again[name]) for name in one)


# -- channels ---------------------------------------------------------------------------------------------------------

_ONE = {"X": (1, 1, -1, -1), "Y": (1, -1, 1, -1), "Z": (1, -1, -1, 1), "I": (1, 1, 1, 1)}


def kept_by(instruction, wires):
    """Return the diagonal of the channel that an instruction of stim's is."""
    name, argument, targets = instruction
    paulis = list(itertools.product("IXYZ", repeat=wires))
    if name.startswith("DEPOLARIZE"):
        weights = [argument[0] / (len(paulis) - 1)] * (len(paulis) - 1)
    elif name.startswith("PAULI_CHANNEL"):
        weights = list(argument)
    else:
        acting = {axis: pauli or name[0] for pauli, axis in targets}
        happens = tuple(acting.get(axis, "I") for axis in range(wires))
        weights = [argument[0] * (each == happens) for each in paulis[1:]]
    diagonal = np.ones(1)
    total = (1 - sum(weights)) * np.ones(len(paulis))
    for weight, pauli in zip(weights, paulis[1:], strict=True):
        diagonal = np.ones(1)
        for each in pauli:
            diagonal = np.kron(diagonal, _ONE[each])
        total += weight * diagonal
    return total


def channels(rng):
    from qiskit.circuit.library import CPhaseGate

    yield Relax(0, 3e-5, 1e-4, 1.9e-4)
    yield Relax(0, 3e-5, 1e-4, 3e-5)
    yield Depolarise((0,), 0.1)
    yield Depolarise((0, 1), 0.02)
    yield Turn(CPhaseGate(0.3), (0, 1))
    yield PauliError(0, (0.9, 0.05, 0.05, 0.0))
    yield PauliError(0, (0.0, 0.5, 0.25, 0.25))
    for _ in range(4):
        yield PauliError(0, tuple(rng.dirichlet([6, 1, 1, 1])))


def test_channels_become_instructions_that_do_the_same(rng):
    for step in channels(rng):
        diagonal = transfer(step).diagonal()
        made = errors_of(diagonal.tobytes())
        found = np.prod([kept_by(each, len(step.wires)) for each in made], axis=0)
        assert found == pytest.approx(diagonal, abs=1e-12), step
        circuit = stim.Circuit()
        for name, argument, targets in made:
            acting = [stim.target_pauli(k, pauli) if pauli else k for pauli, k in targets]
            circuit.append(name, acting, argument)
        assert circuit.num_qubits <= 2
