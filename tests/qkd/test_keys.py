"""Key distribution from circuits to a key or a reason."""

import tracemalloc
from dataclasses import replace
from itertools import product
from math import sqrt

import numpy as np
import pytest
from qiskit import QuantumCircuit, generate_preset_pass_manager
from qiskit.quantum_info import Statevector

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.protocol import Analysis
from qnet_circuits.protocols.bb84 import BB84
from qnet_circuits.protocols.bbm92 import BBM92
from qnet_circuits.protocols.e91 import E91
from qnet_circuits.protocols.six_state import SixState
from qnet_circuits.qkd.distilling import sessions
from qnet_circuits.qkd.distribution import SPARE
from qnet_circuits.qkd.postprocessing.channel import Message
from qnet_circuits.qkd.postprocessing.finite_key import phase_cost
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.qkd.postprocessing.session import Session
from qnet_circuits.qkd.rounds import NOTHING, arrange
from qnet_circuits.qkd.settings import BASES
from qnet_circuits.theory.estimate import proportion
from tests.protocols.distributions import LEVEL, analyzed, outcomes_of, reaches, root

NOISE = qn.NoiseParameters()
SMALL = {
    "bb84": BB84(pulses=30_000), "six-state": SixState(pulses=30_000, key_basis_probability=0.5),
    "bbm92": BBM92(pairs=30_000, hops=2), "e91": E91(pairs=60_000), "mdi-qkd": qn.MdiQkd(pulses=30_000),
}  # fmt: skip


# -- a key ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SMALL)
def test_a_noiseless_run_ends_in_a_key(name):
    protocol = SMALL[name]
    done = analyzed(protocol)
    key, ledger = done.secrets["secret_key"], done.more["ledger"]
    assert done.refused is None and done.more["aborted"] is None
    assert done.figures["qber"].value == 0
    assert len(key) == done.figures["key_length"].value == ledger["net_key"] > 100
    assert done.figures["key_length"].method == "counted"
    spent = sum(entry["bits"] for entry in ledger["entries"])
    assert ledger["sifted"] - spent == pytest.approx(ledger["net_key"], abs=1e-6)
    assert done.figures["sifted"].value == ledger["sifted"]
    assert ledger["pulses"] == ledger["detected"] == protocol.rounds
    assert len(done.more["fingerprint"]) == 16
    assert done.secrets["bob_key"] == key and done.secrets["bob_key"] is not key


@pytest.mark.parametrize("name", SMALL)
def test_both_parties_have_the_same_key(name):
    protocol = SMALL[name]
    rounds = arrange(protocol.lines()[0], outcomes_of(protocol), protocol.rounds, Randomness(1))
    (session,) = sessions(protocol, [rounds], Analysis(0.95, root(), False))
    session.run()
    assert session.alice.result.key == session.bob.result.key
    assert len(session.alice.result.key) > 100


def test_errors_of_the_link_are_corrected_and_paid_for():
    done = analyzed(BB84(pulses=100_000, link_fidelity=0.97))
    assert reaches(done.figures["qber"], 0.02, 0.01)
    paid = {entry["cause"]: entry["bits"] for entry in done.more["ledger"]["entries"]}
    assert 0.02 * 25_000 < paid["reconciliation"] < 0.25 * 25_000
    assert 1000 < done.figures["key_length"].value < analyzed(BB84()).figures["key_length"].value


def test_the_same_root_gives_the_same_key_and_another_root_another():
    outcomes = outcomes_of(SMALL["bb84"])
    keys = [
        SMALL["bb84"].analyze(outcomes, Analysis(0.95, secret, False)).secrets["secret_key"]
        for secret in (root("a"), root("a"), root("b"))
    ]
    assert keys[0] == keys[1] and keys[0] != keys[2]


def test_why_it_is_a_demonstration():
    outcomes = outcomes_of(SMALL["bb84"])
    for given in (False, True):
        done = SMALL["bb84"].analyze(outcomes, Analysis(0.95, root(), given))
        assert done.more["demonstration"] is True
        said = " / ".join(done.notes)
        assert "one controller" in said and "ran together" in said and "one process held both" in said
        assert ("seed" in said) is given


def test_the_third_basis_lengthens_the_key():
    done = analyzed(SMALL["six-state"])
    assert any("third basis" in note for note in done.notes)
    assert "phase errors, three bases" in [entry["cause"] for entry in done.more["ledger"]["entries"]]


@pytest.mark.parametrize("name", SMALL)
def test_nothing_shows_a_secret(name):
    analysis = Analysis(0.95, root(), False)
    done = SMALL[name].analyze(outcomes_of(SMALL[name]), analysis)
    key = done.secrets["secret_key"]
    digits = "".join(map(str, key.bits()))
    for text in (repr(done), str(done), repr(analysis), str(analysis), repr(done.more)):
        assert digits[:64] not in text and key.to_bytes().hex()[:16] not in text
        assert "SecretKey" not in text and root().hex() not in text and repr(root()) not in text
    assert SMALL[name].secret_outcomes is True and qn.RepeaterChain.secret_outcomes is False


# -- no key ---------------------------------------------------------------------------------------------------------

ALARMS = {
    "qber": BB84(pulses=20_000, link_fidelity=0.85),
    "short": BB84(pulses=200),
    "unauthenticated": BB84(pulses=30_000, authentication=False),
    "bell": E91(pairs=60_000, eve="intercept-resend:1:x", tolerance=0.5),
}


@pytest.mark.parametrize("alarm", ALARMS)
def test_no_key_has_a_reason(alarm):
    done = analyzed(ALARMS[alarm])
    assert done.refused.startswith(alarm) and done.more["aborted"] == done.refused
    assert done.figures["key_length"].value == 0 and done.secrets["secret_key"] is None
    assert done.more["ledger"]["net_key"] == 0 and done.more["fingerprint"] is None
    assert (done.more["ledger"]["epsilon"] == 1) == (alarm == "unauthenticated")


def test_a_single_pulse_is_too_few():
    for seed in range(4):
        assert analyzed(BB84(pulses=1), seed).refused.startswith("short")


def test_everything_lost():
    protocol = BB84(pulses=1000)
    empty = {name: {"out": np.zeros((0, 1), bool)} for name in outcomes_of(protocol)}
    for outcomes in (empty, {}):
        done = protocol.analyze(outcomes, Analysis(0.95, root(), False))
        assert done.refused.startswith("lost")
        assert set(done.figures) == {"key_length", "sifted"}
        assert done.more["ledger"]["pulses"] == 1000 and done.more["ledger"]["detected"] == 0


def test_rounds_that_post_selection_dropped_are_lost():
    protocol = BBM92(pairs=20_000, hops=2)
    done = analyzed(protocol, corrections="postselect")
    ledger = done.more["ledger"]
    assert ledger["pulses"] == 20_000
    assert 0.2 < ledger["detected"] / 20_000 < 0.3
    assert done.figures["qber"].value == 0


def test_messages_withheld_end_in_an_alarm():
    done = analyzed(BBM92(pairs=10_000, hops=2), corrections="none")
    assert done.refused.startswith("qber") and reaches(done.figures["qber"], 0.5, 0.1)


def test_a_tampered_conversation_ends_in_an_alarm():
    protocol = SMALL["bb84"]
    rounds = arrange(protocol.lines()[0], outcomes_of(protocol), protocol.rounds, Randomness(1))

    def tamper(message):
        if message.kind != "amplify" or message.sender != "alice":
            return message
        changed = bytearray(message.body)
        changed[-2] ^= 1
        return Message(message.number, message.sender, message.kind, bytes(changed))

    result = Session(rounds.alice, rounds.bob, protocol.rules, root=root(), tamper=tamper).run()
    assert result.key is None and result.alarm == "authentication"


# -- the CHSH value -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hops", "fidelity"), [(1, 1.0), (1, 0.925), (2, 0.97)])
def test_s_is_that_of_werner_pairs(hops, fidelity):
    protocol = E91(pairs=60_000, hops=hops, link_fidelity=fidelity)
    theory = protocol.theory(NOISE)
    assert theory["s_value"] == pytest.approx(2 * sqrt(2) * (1 - 2 * theory["qber"]))
    done = analyzed(protocol)
    assert reaches(done.figures["s_value"], theory["s_value"], 0.25)
    assert done.figures["s_value"].p_value < 1e-9
    assert qn.predict(protocol).s_value.value == pytest.approx(theory["s_value"], abs=1e-9)


@pytest.mark.parametrize(("stated", "alarm"), [(None, False), (2.5, False), (2.8, True)])
def test_below_the_least_s_there_is_no_key(stated, alarm):
    done = analyzed(E91(pairs=100_000, link_fidelity=0.9625, s_minimum=stated))
    assert reaches(done.figures["s_value"], 2.687, 0.2)
    assert (done.secrets["secret_key"] is None) is (done.refused is not None) is alarm
    assert not alarm or done.refused.startswith("bell")


@pytest.mark.parametrize(("s", "alarm"), [(-0.03, True), (1.99, True), (2.09, True), (2.11, False)])
def test_s_is_three_standard_errors_above_2_unless_another_least_is_stated(s, alarm):
    # One standard error is 8 √(w (1 - w)/n) with S = 8w - 4: 0.034.
    found = {"s_value": qn.Estimate(s, s, s, 0.95, "", 10_000)}
    assert (E91().veto(found) is not None) is alarm
    assert E91(s_minimum=2.1).veto(found) is None or s < 2.1
    assert E91(s_minimum=0.0).veto(found) is None or s < 0.0
    assert E91().veto({}).alarm == "bell"  # S was not measured at all


def test_an_eavesdropper_leaves_no_violation():
    figure = analyzed(E91(pairs=40_000, eve="intercept-resend:1:x")).figures["s_value"]
    assert reaches(figure, sqrt(2), 0.3) and figure.p_value > 0.999


def test_chsh_rounds_are_revealed_and_not_in_the_key():
    ledger = analyzed(E91(pairs=60_000)).more["ledger"]
    (entry,) = (entry for entry in ledger["entries"] if entry["cause"] == "CHSH rounds")
    assert entry["bits"] == 0
    assert reaches(proportion(entry["revealed"] // 2, 60_000, LEVEL), 0.5, 0.03)
    assert reaches(proportion(ledger["sifted"], 60_000, LEVEL), 0.25, 0.03)


# -- theory ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [BB84, SixState, BBM92, E91])
@pytest.mark.parametrize("errors", ["X", "Y", "Z", "XZ", "YX"])
def test_theory_is_exact_for_every_pauli_on_links(make, errors):
    links = [qn.Link(pauli=tuple(float(error == pauli) for pauli in "IXYZ")) for error in errors]
    protocol = make(network=qn.Network.chain(len(links), links))
    theory, exact = protocol.theory(NOISE), qn.predict(protocol)
    assert set(theory) == {*exact.figures} - {"key_length"}
    for name, value in theory.items():
        assert exact[name].value == pytest.approx(value, abs=1e-9), name


def test_pairs_over_stations_have_the_error_rate_of_their_chain():
    protocol = BBM92(pairs=60_000, hops=3, link_fidelity=0.985)
    done = analyzed(protocol)
    assert reaches(done.figures["qber"], protocol.theory(NOISE)["qber"], 0.03)
    assert done.refused is None


# -- detectors ------------------------------------------------------------------------------------------------------


def read_out(protocol, party, basis, favour):
    """Return the outcomes where a party's detector, in one basis, reads a part of what is not its favourite as it."""
    rng, outcomes = np.random.default_rng(len(party)), outcomes_of(protocol)
    for setting in protocol.lines()[0]:
        column = 0 if party == "alice" else -1
        if setting.name in outcomes and getattr(setting, party) == basis:
            out = outcomes[setting.name]["out"].copy()
            out[:, column] &= rng.random(len(out)) >= favour
            outcomes[setting.name] = {**outcomes[setting.name], "out": out}
    return outcomes


def both_read_out(protocol, basis, favour):
    outcomes = read_out(protocol, "bob", basis, favour)
    for name, registers in read_out(protocol, "alice", basis, favour).items():
        outcomes[name]["out"][:, 0] = registers["out"][:, 0]
    return outcomes


@pytest.mark.one_in(2)
@pytest.mark.parametrize("basis", "zx")
@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("bb84", "bob"),
        ("bbm92", "both"),
        ("e91", "alice"),
        ("e91", "both"),
    ],
)
def test_a_stuck_detector_gives_no_key(name, who, basis):
    protocol = SMALL[name]
    read = both_read_out(protocol, basis, 1.0) if who == "both" else read_out(protocol, who, basis, 1.0)
    done = protocol.analyze(read, Analysis(LEVEL, root(), False))
    assert done.refused.startswith("qber") or basis == "z"
    assert done.secrets["secret_key"] is None
    assert reaches(done.figures[f"qber_{basis}"], 0.5, 0.2)


@pytest.mark.parametrize("basis", "zx")
@pytest.mark.parametrize("name", ["bbm92", "e91"])
def test_a_biased_detector_makes_errors_and_no_bias(name, basis):
    protocol, favour = SMALL[name], 0.2
    read = both_read_out(protocol, basis, favour)
    rounds = arrange(protocol.lines()[0], read, protocol.rounds, Randomness(1))
    chosen = rounds.sifted & (rounds.alice.bases == BASES.index(basis))
    ones, n = int(rounds.alice.bits[chosen].sum()), int(chosen.sum())
    assert reaches(proportion(ones, n, LEVEL), 0.5, 0.1)  # 0.4 as it was read
    errors = proportion(int(rounds.wrong[chosen].sum()), n, LEVEL)
    assert reaches(errors, favour * (2 - favour) / 2, 0.1)


def test_stuck_detectors_have_no_s():
    protocol = E91(pairs=40_000)
    outcomes = outcomes_of(protocol)
    zeros = {
        item: {**registers, "out": np.zeros_like(registers["out"])} for item, registers in outcomes.items()
    }
    figure = protocol.analyze(zeros, Analysis(LEVEL, root(), False)).figures["s_value"]
    assert reaches(figure, 0.0, 0.3)


# -- settings and their order ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("protocol", "circuits"), [
    (BB84(), 8), (SixState(), 18), (BBM92(), 8), (E91(), 16), (BB84(eve="intercept-resend:0.5"), 24),
    (BB84(eve="entangling-probe:0.1"), 8), (BB84(eve="man-in-the-middle"), 16),
    (qn.MdiQkd(), 16), (qn.MdiQkd(cheater="measure"), 16), (qn.MdiQkd(cheater="measure:0.1"), 32),
], ids=lambda value: getattr(value, "id", value))  # fmt: skip
def test_any_number_of_rounds_is_a_handful_of_circuits(protocol, circuits, rng):
    items = protocol.program(rng).items
    assert len(items) == circuits
    assert sum(item.shots for item in items) == protocol.rounds * len(protocol.lines())
    for line in protocol.lines():
        assert sum(setting.probability for setting in line) == pytest.approx(1.0)
    with pytest.raises(ParameterError, match="shots"):
        qn.submit(protocol, shots=100)


def test_shares_follow_the_bias(rng):
    items = {item.name: item.shots for item in BB84(key_basis_probability=0.9).program(rng)}
    both = sum(items[name] for name in ("z0_z", "z1_z"))
    assert reaches(proportion(both, 100_000, LEVEL), 0.81, 0.02)
    assert reaches(proportion(items["z0_z"], both, LEVEL), 0.5, 0.03)


def test_what_a_figure_reads_is_there_even_if_no_round_was_drawn_of_it(rng):
    protocol = BB84(pulses=1, eve="intercept-resend:0.001")
    names = [item.name for item in protocol.program(rng)]
    assert sum(not name.startswith(SPARE) for name in names) == 1
    exact = qn.predict(protocol)
    assert exact.qber.value == pytest.approx(0.00025, abs=1e-12)
    assert analyzed(protocol).more["ledger"]["pulses"] == 1


def test_the_order_is_secret_and_keeps_what_happened():
    protocol = BB84(pulses=5000, eve="intercept-resend:0.5")
    (line,), outcomes = protocol.lines(), outcomes_of(protocol)
    rounds = [arrange(line, outcomes, 5000, Randomness(root=root(name))) for name in ("a", "a", "b")]
    assert (rounds[0].kind == rounds[1].kind).all() and (rounds[0].alice.bits == rounds[1].alice.bits).all()
    assert reaches(proportion(int((rounds[0].kind == rounds[2].kind).sum()), 5000, LEVEL), _chance(line), 0.1)
    for place, setting in enumerate(line):
        for one in rounds:
            mine = one.kind == place
            registers = outcomes[setting.name]
            assert mine.sum() == len(registers["out"])
            assert (one.alice.bits[mine] == setting.sent).all()
            assert (one.alice.bases[mine] == BASES.index(setting.alice)).all()
            assert (one.bob.bases[mine] == BASES.index(setting.bob)).all()
            assert one.bob.bits[mine].sum() == registers["out"].sum()
            heard = registers["heard"][:, 0] if setting.heard else np.full(mine.sum(), NOTHING)
            assert np.array_equal(np.sort(one.heard[mine]), np.sort(heard))
            if setting.heard:  # the three bits of a round stay together
                assert (one.bob.bits[mine] & one.heard[mine]).sum() == (
                    registers["out"] & registers["heard"]
                ).sum()


def test_putting_rounds_in_order_takes_few_bytes():
    # All of a hundred million rounds have to fit into memory: 8 bytes of each are the order's words, and 8 the records.
    line, n = BB84().lines()[0], 2**21
    outcomes = {setting.name: {"out": np.zeros((n // len(line), 1), bool)} for setting in line}
    tracemalloc.start()
    arrange(line, outcomes, n, Randomness(root=root()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 * n


def _chance(line):
    return sum(setting.probability**2 for setting in line)


def test_neighbours_in_the_order_are_independent():
    protocol = BB84(pulses=40_000)
    (line,) = protocol.lines()
    kind = arrange(line, outcomes_of(protocol), 40_000, Randomness(root=root())).kind
    same = int((kind[::2] == kind[1::2]).sum())
    assert reaches(proportion(same, 20_000, LEVEL), _chance(line), 0.03)


# -- the boundary between Alice and Bob -----------------------------------------------------------------------------


def _sent(circuit):
    """Return the state of the only qubit where it leaves Alice."""
    (used,) = {instruction.qubits[0] for instruction in circuit.data}
    before = QuantumCircuit(1)
    for instruction in circuit.data:
        if instruction.operation.name == "barrier":
            break
        if instruction.operation.name != "measure":
            before.append(instruction.operation, [0])
        assert instruction.qubits == (used,)
    return Statevector(before)


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize(("basis", "bit"), list(product("xy", (0, 1))))
def test_matched_rounds_still_carry_a_superposition(level, basis, bit):
    protocol = SixState()
    compiled = qn.compile(protocol, "aer:fake_manila", optimization_level=level)
    names = [item.name for item in compiled.program]
    circuit = compiled.circuits[names.index(f"{basis}{bit}_{basis}")]
    sent = _sent(circuit)
    assert sent.probabilities() == pytest.approx([0.5, 0.5])
    label = {"x0": "+", "x1": "-", "y0": "r", "y1": "l"}[f"{basis}{bit}"]
    assert sent.equiv(Statevector.from_label(label))


@pytest.mark.parametrize("level", range(1, 4))
def test_without_the_boundary_nothing_in_superposition_is_sent(level):
    compiled = qn.compile(BB84(), "aer:fake_manila", optimization_level=0)
    names = [item.name for item in compiled.program]
    circuit = compiled.circuits[names.index("x0_x")]
    bare = QuantumCircuit(*circuit.qregs, *circuit.cregs)
    for instruction in circuit.data:
        if instruction.operation.name != "barrier":
            bare.append(instruction)
    basis = ["rz", "sx", "x", "cx"]
    done = generate_preset_pass_manager(level, basis_gates=basis, seed_transpiler=1).run(bare)
    # At most a phase before the measurement of Z is left.
    assert {instruction.operation.name for instruction in done.data} <= {"rz", "measure"}


# -- a run that is opened again -------------------------------------------------------------------------------------

MADE = BB84(pulses=40_000, link_fidelity=0.985, tolerance=0.03)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Runs of the same pulses: one that was refused, and one that ended in a key."""
    paths = {tolerance: tmp_path_factory.mktemp("run") / "kept" for tolerance in (0.005, 0.03)}
    for tolerance, path in paths.items():
        qn.submit(replace(MADE, tolerance=tolerance), seed=6, path=path).result(progress=False)
    return paths


@pytest.mark.parametrize(("made", "changed"), [
    (0.005, {"tolerance": 0.03}), (0.03, {"tolerance": 0.04}), (0.03, {"authentication": False}),
    (0.03, {"epsilon_secrecy": 0.1}), (0.03, {"schedule": "original"}), (0.03, {"pulses": 40_001}),
], ids=str)  # fmt: skip
def test_other_parameters_than_those_that_were_submitted_give_figures_and_no_key(kept, made, changed):
    other = (
        replace(MADE, tolerance=made, **changed) if "tolerance" not in changed else replace(MADE, **changed)
    )
    result = qn.open_run(kept[made], protocol=other).result()
    assert result.secret_key is None and result.fingerprint is None and result.key_length.value == 0
    assert result.refused == result.aborted is not None and not result.refused.startswith("qber")
    assert result.qber.n > 10_000 and result.ledger["net_key"] == 0


def test_the_same_parameters_give_the_same_key_again_or_none_again(kept):
    keys = [qn.open_run(kept[0.03], protocol=given).result().secret_key for given in (None, MADE)]
    assert keys[0] == keys[1] == qn.replay(kept[0.03]).secret_key and len(keys[0]) > 100
    again = qn.open_run(kept[0.005], protocol=replace(MADE, tolerance=0.005)).result()
    assert again.secret_key is None and again.refused.startswith("qber")


class Tolerant(BB84):
    """A subclass without fields of its own: all that the manifest says of it is what it says of the class."""

    @property
    def rules(self):
        return replace(super().rules, tolerance=0.03)


class Credulous(BB84):
    def analyze(self, outcomes, analysis):
        return BB84.analyze(replace(self, tolerance=0.03), outcomes, replace(analysis, veto=None))


@pytest.mark.parametrize("kind", [Tolerant, Credulous])
def test_a_subclass_with_other_rules_gives_figures_and_no_key(kept, kind):
    made = replace(MADE, tolerance=0.005)
    result = qn.open_run(kept[0.005], protocol=kind.from_parameters(**made.parameters)).result()
    assert result.secret_key is None and result.refused.startswith("parameters")
    assert result.qber.n > 10_000


def test_what_an_earlier_version_measured_without_flips_gives_no_key(tmp_path, monkeypatch):
    protocol = BBM92(pairs=30_000)
    flipped = BBM92.lines
    monkeypatch.setattr(
        BBM92, "lines", lambda self: (tuple(one for one in flipped(self)[0] if not one.flip),)
    )
    qn.run(protocol, seed=1, path=tmp_path / "run")
    monkeypatch.undo()
    result = qn.replay(tmp_path / "run")
    assert result.refused.startswith("parameters") and result.secret_key is None


def test_the_secret_of_each_run_is_its_own(tmp_path):
    secrets = []
    for name in "ab":
        qn.run(BB84(pulses=100), path=tmp_path / name)
        secrets.append((tmp_path / name / "secret.bin").read_bytes())
    assert secrets[0] != secrets[1] and {len(secret) for secret in secrets} == {32}


# -- input ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [
    {"pulses": 0}, {"pulses": 2.5}, {"key_basis_probability": 0.0}, {"key_basis_probability": 1.0}, {"tolerance": 0.6},
    {"epsilon_secrecy": 0.0}, {"schedule": "none"}, {"authentication": 1}, {"hops": 0}, {"link_fidelity": 0.1},
    {"hops": 2, "network": qn.Network.chain(2)}, {"network": qn.Network.star(3)},
], ids=str)  # fmt: skip
def test_bad_input(wrong):
    with pytest.raises(ParameterError):
        BB84(**wrong)


@pytest.mark.parametrize(("name", "value", "range_"), [
    ("tolerance", -0.1, r"\[0, 0\.5\]"), ("tolerance", "much", r"\[0, 0\.5\]"),
    ("epsilon_secrecy", 0.9, r"1e-300, 0\.5"), ("epsilon_correctness", None, r"1e-300, 0\.5"),
])  # fmt: skip
def test_bad_input_is_told_the_range_that_holds(name, value, range_):
    with pytest.raises(ParameterError, match=f"{name} .*{range_}"):
        BB84(**{name: value})


def test_bad_input_of_e91():
    for value in (0.0, 1.0, -1):
        with pytest.raises(ParameterError):
            E91(chsh_probability=value)
    for value in (-0.1, 2.9, "much"):
        with pytest.raises(ParameterError):
            E91(s_minimum=value)


# -- the whole way --------------------------------------------------------------------------------------------------


def test_a_run_prints_counts_beside_estimates_and_never_its_key():
    result = qn.run(SMALL["bb84"], seed=1)
    text = str(result)
    assert result.figures["key_length"].value == len(result.secret_key) and "key_length" in text
    assert "95% interval" in text and "100% interval" not in text
    assert "demonstration" in result.to_dict() and "seed" in " ".join(result.notes)
    assert "".join(map(str, result.secret_key.bits()))[:64] not in text + repr(result)


def test_a_key_over_a_route_of_a_larger_network():
    good, bad = qn.Link(fidelity=0.99), qn.Link(fidelity=0.7)
    ring = qn.Network.from_edges(
        [("alice", "north", bad), ("north", "bob", bad), ("alice", "south", good), ("south", "bob", good)]
    )
    protocol = qn.BBM92(pairs=40_000, network=ring.route("alice", "bob"))
    result = qn.run(protocol, seed=2, level=1 - 1e-6)
    assert result.theory["qber"] in result.qber and result.key_length.value > 0
    assert result.theory["qber"] < 0.02 and protocol.from_parameters(**protocol.parameters) == protocol


@pytest.mark.parametrize(
    ("protocol", "numbers"),
    [
        (BB84(pulses=60_000), 1),
        (BB84(pulses=60_000, eve="intercept-resend:0.05"), 3),
        (BB84(pulses=60_000, eve="entangling-probe:0.01"), 1),
        (SixState(pulses=60_000, key_basis_probability=0.5), 1),
        (BBM92(pairs=60_000), 1),
        (BBM92(pairs=60_000, eve="intercept-resend:0.02"), 3),
        (E91(pairs=80_000), 1),
    ],
)
def test_how_many_rounds_of_each_bit_there_were_is_paid_for_where_it_is_on_record(protocol, numbers):
    ledger = qn.run(protocol, seed=4).ledger
    n = ledger["sifted"] - next(e["bits"] for e in ledger["entries"] if e["cause"] == "test bits")
    (paid,) = [e["bits"] for e in ledger["entries"] if e["cause"] == "counts of bits"] or [0]
    assert ledger["net_key"] > 0 and paid == numbers * int(np.ceil(np.log2(n + 1)))
    # It was on record before the rounds were played, too: the margin of the sample is larger.
    k = round(next(entry["bits"] for entry in ledger["entries"] if entry["cause"] == "test bits"))
    k = k // 2 if protocol.name == "six-state" else k
    phase = next(entry["bits"] for entry in ledger["entries"] if "phase errors" in entry["cause"])
    epsilon = 1e-10 / (2 * np.pi * protocol.rounds) ** (numbers / 2)
    # Without an error in Z the bound of three bases is that of one, with a sample of half the failure probability.
    told_before = phase_cost(n, k, 0.05, epsilon / 2 if protocol.name == "six-state" else epsilon)
    assert phase == pytest.approx(told_before, rel=0.01 if protocol.name == "six-state" else 1e-9)
