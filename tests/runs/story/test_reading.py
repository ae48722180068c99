"""Stories as a reader meets them: in a notebook, by their titles, and in the questions."""

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn


def test_a_story_that_is_too_large_for_a_page_is_shown_as_text_in_a_notebook():
    story = qn.tell(qn.RepeaterChain(hops=100), "stim", seed=1, shots=2)
    shown = story._repr_html_()
    assert shown.startswith("<pre>") and "station99" in shown
    assert qn.tell(qn.Teleportation(state="+"), seed=1, shots=2)._repr_html_().startswith("<iframe")


def test_the_title_of_a_plain_circuit_is_a_name():
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    assert qn.tell(circuit, seed=1, shots=2).title == "program on ideal"


def test_no_question_denies_what_a_node_was_told_aloud():
    """In a Bell test each end says its outcome aloud."""
    for protocol in (qn.Chsh(), qn.E91(pairs=2000)):
        story = qn.tell(protocol, seed=1, circuit="plus_z")
        (bit, source) = next(
            (bit, event.nodes[0]) for event in story.events if event.kind == "measure" for bit in event.bits
        )
        heard = {
            event.nodes[1] for event in story.events if event.kind == "message" and event.nodes[0] == source
        }
        denied = [each.why for each in story.quiz() if bit in each.text and each.answer == "no"]
        assert not [why for why in denied if why.split()[0] in heard], denied
    story = qn.tell(qn.Teleportation(state="+"), seed=1, shots=2, corrections="none")
    assert [each.answer for each in story.quiz()] == ["alice", "no"]


def test_no_question_says_that_an_announcement_corrects_anything():
    """Carol says her outcome to Bob, who later corrects by a result of Alice."""
    nodes = [QuantumRegister(1, name) for name in ("alice", "bob", "carol")]
    circuit = QuantumCircuit(*nodes, ClassicalRegister(2, "out"))
    circuit.measure(2, 0)
    circuit.measure(0, 1)
    circuit.reset(0)
    circuit.measure(0, 1)
    qn.correct(circuit, circuit.qubits[1], x=[circuit.clbits[1]])
    said = qn.Announcement("carol", "bob", 1, "outcome", [("out", 0)])
    program = qn.Program([qn.Item("circuit", circuit, announced=said)])
    story = qn.tell(program, seed=1, shots=2, corrections="feedforward")
    first = next(event for event in story.events if event.kind == "message")
    assert first.nodes == ("carol", "bob") and dict(first.bits) == {"out[0]": 0}
    assert "correction" in {event.kind for event in story.events}
    assert [each.answer for each in story.quiz()] == ["no", "carol", "no"]


def test_a_loop_is_refused_without_advice_that_no_story_takes():
    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((circuit.clbits[0], 1)):
        circuit.measure(0, 0)
    with pytest.raises(qn.UnsupportedError) as error:
        qn.tell(circuit, seed=1, shots=2)
    assert "while_loop" in str(error.value) and "noise" not in str(error.value)


def test_what_is_told_without_messages_has_the_same_bits_or_is_not_told():
    for shots, some in ((1, False), (300, True)):
        asked = {"corrections": "feedforward", "seed": 4, "shots": shots}
        story = qn.tell(qn.EntanglementSwapping(), **asked, circuit="zz")
        sent = {
            bit: value
            for event in story.events
            if event.kind == "message"
            for bit, value in event.bits.items()
        }
        assert (story.withheld is not None) is some
        if story.withheld is None:
            with pytest.raises(qn.UnsupportedError, match="shots"):
                qn.tell(qn.EntanglementSwapping(), **asked, circuit="zz", withhold=True)
        else:
            assert sent == {bit: story.withheld.bits[bit] for bit in sent}
