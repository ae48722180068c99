"""Stories as users ask for them: what they say of a shot is what the run recorded."""

import json

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn

DEVICE = "aer:fake_manila"


@pytest.fixture(scope="module", params=["feedforward", "frame"])
def told(request):
    asked = {"corrections": request.param, "seed": 3, "shots": 40, "layout": [0, 1, 2]}
    run = qn.submit(qn.Teleportation(), DEVICE, **asked)
    return qn.tell(qn.Teleportation(), DEVICE, shot=7, circuit="+_x", **asked), run


def test_the_bits_of_a_story_are_those_of_the_run(told):
    story, run = told
    place = [circuit["name"] for circuit in run.manifest["items"]].index("+_x")
    raw, outcomes = run.raw()[0][place], run.outcomes()["+_x"]
    for register in ("bell", "out"):
        for k in range(raw[register].shape[1]):
            assert story.bits[f"{register}[{k}]"] == raw[register][7, k]
            assert story.outcomes[f"{register}[{k}]"] == outcomes[register][7, k]
    assert any(story.bits[bit] != other.bits[bit] for other in story.others for bit in ("bell[0]", "bell[1]"))


def test_nobody_knows_a_result_before_it_is_measured_or_told(told):
    story, _ = told
    ends = {bit: event for event in story.events if event.kind == "measure" for bit in event.bits}
    told_at = {bit: event for event in story.events if event.kind == "message" for bit in event.bits}
    for node, facts in story.facts.items():
        for fact in facts:
            if fact.how == "received":
                assert fact.time_s == told_at[fact.bit].end_s and told_at[fact.bit].nodes[1] == node
            elif fact.how == "measured":
                assert fact.time_s == ends[fact.bit].end_s and ends[fact.bit].nodes == (node,)
    for bit, event in told_at.items():
        assert event.time_s == ends[bit].end_s
        assert event.end_s - event.time_s == pytest.approx(story.latency_s)


def test_bobs_picture_moves_with_the_message_and_not_before():
    story = qn.tell(qn.Teleportation(state="+"), seed=1, shot=6, circuit="+_x", corrections="feedforward")
    (message,) = [event for event in story.events if event.kind == "message"]
    for moment in story.moments:
        bob = np.linalg.norm(story.state("bob", "bob[0]", moment.time_s))
        begun = any(event.kind in ("link", "measure") and 2 in event.qubits for event in story.events
                    if event.end_s <= moment.time_s + 1e-12)  # fmt: skip
        if begun and moment.time_s < message.end_s - 1e-12:
            assert bob < 1e-12
    assert np.allclose(story.state("bob", "bob[0]", message.end_s + 1e-7), (1, 0, 0))
    assert story.withheld is not None
    assert all(event.kind not in ("message", "correction") for event in story.withheld.events)
    assert {story.withheld.bits[bit] for bit in message.bits} and all(
        story.withheld.bits[bit] == value for bit, value in message.bits.items()
    )


def test_in_software_the_message_changes_the_reading_alone():
    asked = {"seed": 5, "shots": 30, "corrections": "frame"}
    story = qn.tell(qn.Teleportation(state="+"), **asked, shot=2)
    silent = qn.tell(qn.Teleportation(state="+"), **asked, shot=2, withhold=True)
    assert silent.bits == story.bits and silent.duration_s < story.duration_s
    reading = [event for event in story.events if event.kind == "correction"]
    assert (
        len(reading) == 1
        and reading[0].qubits == ()
        and dict(reading[0].bits) == {"out[0]": story.outcomes["out[0]"]}
    )


def test_plain_values_go_into_json_and_say_what_the_story_says(told):
    story, _ = told
    plain = json.loads(json.dumps(story.to_dict(), allow_nan=False))
    assert plain["schema"] == 1 and plain["shots"][0]["shot"] == story.shot
    first = plain["shots"][0]
    assert [moment["t"] for moment in first["moments"]] == sorted(
        {moment["t"] for moment in first["moments"]}
    )
    last = first["moments"][-1]
    assert last["knows"]["bob"] == [str(fact) for fact in story.facts["bob"]]
    x, y, z = last["bloch"]["bob"]["2"]
    assert (x, y, z) == pytest.approx(story.state("bob", "bob[0]", story.duration_s), abs=1e-5)
    assert first["withheld"]["events"][-1]["kind"] == "end"


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"shot": 40}, qn.ParameterError),
        ({"shot": -1}, qn.ParameterError),
        ({"circuit": "nothing"}, qn.UnknownNameError),
        ({"corrections": "coherent"}, qn.UnsupportedError),
        ({"backend": "exact"}, qn.UnsupportedError),
        ({"repeats": 2}, qn.UnsupportedError),
        ({"corrections": "none", "withhold": True}, qn.UnsupportedError),
    ],
)
def test_what_cannot_be_told_is_refused(asked, error):
    with pytest.raises(error):
        qn.tell(qn.Teleportation(), **{"shots": 40, "seed": 1, **asked})


def test_key_material_is_shown_for_a_demonstration_alone():
    with pytest.raises(qn.ParameterError, match="seed"):
        qn.tell(qn.BB84(pulses=100))
    story = qn.tell(qn.BB84(pulses=100), seed=1)
    assert story.secret and any("demonstration" in note for note in story.notes)


def test_wide_circuits_have_bits_and_frames_alone():
    story = qn.tell(qn.RepeaterChain(hops=8), seed=1, shots=20)
    assert not story.exact and not any(moment.bloch for moment in story.moments)
    assert len(story.facts["bob"]) > 14
    with pytest.raises(qn.UnsupportedError, match="wide"):
        story.state("bob", "bob[0]", 0.0)
    assert "bloch" not in story.to_dict()["shots"][0]["moments"][0]


@pytest.mark.parametrize("x_needed", [False, True])
def test_bits_that_the_twin_cannot_make_have_no_states(x_needed):
    """A teleported |0⟩ that nobody corrects is read as 1 if X was needed, and never if it was not."""
    raw = {"bell": np.array([[False, x_needed]] * 3), "out": np.array([[True]] * 3)}
    backend = qn.MockBackend([raw] * 6)
    story = qn.tell(qn.Teleportation(), backend, shots=3, seed=1, circuit="0_z", corrections="none")
    assert story.exact is x_needed and story.bits == {"bell[0]": 0, "bell[1]": int(x_needed), "out[0]": 1}
    if x_needed:
        assert story.probability == pytest.approx(0.25)
    else:
        assert any("cannot happen" in note for note in story.notes) and story.probability is None


def test_shots_that_software_draws_are_told_if_the_record_says_which_are_kept():
    asked = {"corrections": "postselect", "emulate_links": True, "shots": 40, "seed": 1}
    with pytest.raises(qn.UnsupportedError, match="post-selection"):
        qn.tell(qn.RepeaterChain(hops=2, link_fidelity=0.8), **asked)
    # Of a teleportation over one link the errors happen to Bob's half, and Alice's bits alone decide.
    protocol = qn.Teleportation(link_fidelity=0.8)
    kept = {bool(qn.tell(protocol, shot=k, **asked).outcomes) for k in range(8)}
    assert kept == {False, True}


@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_results_of_a_bit_that_is_measured_again_have_names_of_their_own(mode):
    alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
    circuit = QuantumCircuit(alice, bob, ClassicalRegister(1, "m"), ClassicalRegister(1, "out"))
    circuit.x(alice[0])
    circuit.measure(alice[0], 0)
    qn.correct(circuit, bob[0], x=[circuit.clbits[0]])
    circuit.reset(alice[0])
    circuit.measure(alice[0], 0)
    circuit.measure(bob[0], 1)
    story = qn.tell(qn.Program([qn.Item("circuit", circuit)]), seed=1, shots=5, corrections=mode)
    assert {fact.bit: fact.value for fact in story.facts["alice"]} == {"1st m[0]": 1, "2nd m[0]": 0}
    out = {"2nd m[0]": 0, "out[0]": int(mode == "feedforward")}
    assert story.bits == {**out, **({"1st m[0]": 1} if mode == "frame" else {})}
    (message,) = [event for event in story.events if event.kind == "message"]
    assert message.bits == {"1st m[0]": 1} and story.outcomes == {"m[0]": 0, "out[0]": 1}
    assert any("overwritten" in note for note in story.notes) == (mode == "feedforward")


@pytest.mark.parametrize("mode", ["postselect", "frame", "feedforward"])
def test_an_announced_outcome_is_known_from_then_on_and_not_without_messages(mode):
    story = qn.tell(qn.Chsh(hops=2, link_fidelity=0.9), corrections=mode, seed=2, shots=40, circuit="plus_x")
    compared = 0
    for each in (story, *story.others):
        (said,) = [
            event
            for event in each.events
            if event.kind == "message" and event.nodes == ("bob", "alice") and event.bits
        ]
        read = each.outcomes.get("out[1]", each.bits["out[1]"])
        assert dict(said.bits) == {"out[1]": read}
        before, after = (
            {fact.bit: fact.value for fact in each.knows(time)["alice"]} for time in (said.time_s, said.end_s)
        )
        assert "out[1]" not in before and after["out[1]"] == read
        # Half a pair that Bob measured looks to Alice as likely 1 as her own noisy outcome says, until she hears of it.
        compared += abs(each.state("alice", "bob[0]", said.end_s)[2]) > abs(
            each.state("alice", "bob[0]", said.time_s)[2]
        )
        assert not any(event.kind == "message" for event in each.withheld.events)
        assert {fact.bit for fact in each.withheld.facts["alice"]} == {"out[0]"}
    assert compared or mode == "frame"


def test_states_leave_out_what_software_drew_of_an_announced_outcome():
    story = qn.tell(qn.Chsh(link_fidelity=0.6), seed=2, shots=40, emulate_links=True)
    heard = [fact for fact in story.facts["alice"] if fact.bit == "out[1]"]
    assert [fact.value for fact in heard] == [story.outcomes["out[1]"]]
    assert any("software samples" in note and "announced" in note for note in story.notes)
    for moment in story.moments:
        silent = [each for each in story.withheld.moments if each.time_s <= moment.time_s + 1e-12][-1]
        for qubit, vector in moment.bloch["alice"].items():
            assert vector == pytest.approx(silent.bloch["alice"][qubit])
