"""Circuits that are placed are optimised for their qubits; for comparison once for all places that are alike."""

import pytest

import qnet_circuits as qn
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.compiling.finishing import Finisher
from qnet_circuits.compiling.lowering import lower
from qnet_circuits.compiling.placement import place_all


def placed(protocol, name, places):
    """Return what finishes a protocol's circuits in real time, and places of them."""
    device, program = fake_device(name), protocol.program(None)
    lowered = [lower(item.circuit, "feedforward") for item in program]
    patterns = place_all([low.circuit for low in lowered], device, 2, places)
    return Finisher(program, lowered, device, 2, False), [
        places[0] for pattern in patterns for places in pattern
    ]


@pytest.mark.parametrize(
    ("protocol", "name"),
    [(qn.RepeaterChain(hops=2), "fake_brisbane"), (qn.Ghz(parties=4), "fake_kingston")],
    ids=["chain", "star"],
)
def test_a_sketch_does_what_the_whole_does_with_gates_that_are_there(protocol, name):
    """On Eagle each coupling has its gate in one direction, so places differ; a star has SWAPs, which move with it."""
    finisher, places = placed(protocol, name, 4)
    telling = [protocol.program(None).items[1].name]
    for each in places:
        (item,) = finisher.sketch(each, telling)
        (whole,) = [other for other in finisher.whole(each) if other.name == telling[0]]
        assert item.circuit.count_ops() == whole.circuit.count_ops()
        assert (item.qubits, item.layout, item.swaps) == (whole.qubits, whole.layout, whole.swaps)
        target = fake_device(name).target
        for step in item.circuit.data:
            if len(step.qubits) == 2 and step.name != "barrier":
                ends = tuple(item.qubits[item.circuit.find_bit(qubit).index] for qubit in step.qubits)
                assert target.instruction_supported(step.name, ends)


def test_places_that_are_alike_share_a_sketch():
    finisher, places = placed(qn.RepeaterChain(hops=2), "fake_kingston", 3)
    sketches = [finisher.sketch(each, ()) for each in places]
    assert len({tuple(item.qubits for item in each) for each in sketches}) == 3
    assert all(
        item.circuit is first.circuit
        for each in sketches
        for item, first in zip(each, sketches[0], strict=True)
    )


def test_a_sketch_places_no_other_circuits():
    """Routing all circuits of a program takes longer than it takes to predict the few that tell."""
    finisher, (place, *_) = placed(qn.RepeaterChain(hops=2), "fake_kingston", 1)
    asked = []
    counted = [lambda k=k, make=make: (asked.append(k), make())[1] for k, make in enumerate(place)]
    finisher.sketch(counted, [qn.RepeaterChain(hops=2).program(None).items[1].name])
    assert asked == [1]
