"""Placement without SWAPs where there is one, fenced SWAPs where there is none."""

import dataclasses

import pytest

import qnet_circuits as qn
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.compiling.compiler import compile_program
from qnet_circuits.errors import LayoutError, UnsupportedError, VerificationError
from tests.devices.calibrations import perfect

pytestmark = pytest.mark.usefixtures("any_place")
DEVICES = ["fake_torino", "fake_brisbane", "fake_boston", "fake_kingston", "fake_nighthawk"]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("mode", ["frame", "feedforward"])
def test_a_chain_needs_no_swap_and_keeps_the_parties_apart(device, level, mode):
    compiled = qn.compile(
        qn.RepeaterChain(hops=3), f"aer:{device}", optimization_level=level, corrections=mode
    )
    assert compiled.resources["routing_swaps"] == 0
    assert compiled.verify() > 0


@pytest.mark.one_in(4)
@pytest.mark.parametrize("device", ["fake_torino", "fake_nighthawk"])
@pytest.mark.parametrize("level", [0, 3])
def test_a_star_on_a_sparse_chip_is_routed_between_fences(device, level):
    compiled = qn.compile(qn.Ghz(parties=5), f"aer:{device}", optimization_level=level)
    assert compiled.verify() > 0
    if device == "fake_torino":
        assert compiled.resources["routing_swaps"] > 0
        assert "SWAPs were put in" in " ".join(compiled.notes)


@pytest.mark.parametrize("layout", [None, [0, 1, 2]])
def test_a_device_in_parts_that_are_too_small_is_a_clear_error(layout):
    with pytest.raises(LayoutError, match="perfect"):
        qn.compile(qn.Teleportation(), perfect(4, pairs=[(0, 1), (2, 3)]), layout=layout)


def test_a_routing_that_changes_the_circuit_is_caught():
    compiled = qn.compile(qn.RepeaterChain(hops=2), "aer:fake_manila", layout=[0, 2, 1, 3])
    first = compiled.items[0]
    assert first.swaps > 0
    wrong = first.routed.copy_empty_like()
    for instruction in first.routed.data:
        if instruction.operation.name != "h":
            wrong.append(instruction)
    broken = dataclasses.replace(compiled, items=(dataclasses.replace(first, routed=wrong, circuit=wrong),))
    with pytest.raises(VerificationError, match="routing "):
        broken.verify()


def test_circuits_whose_wires_meet_alike_share_a_placement():
    assert len(qn.compile(qn.TeleportedCnot(), "aer:fake_kingston").layout) == 1


def test_a_program_wider_than_the_device():
    with pytest.raises(LayoutError, match=r"40 wires.* 27 qubits"):
        compile_program(qn.RepeaterChain(hops=20).program(None), fake_device("fake_cairo"))


def test_couplings_with_different_gates_are_named_and_those_with_the_same_compiled():
    with pytest.raises(UnsupportedError, match=r"cx or ecr.* layout "):
        qn.compile(qn.RepeaterChain(hops=3), "aer:fake_cairo")
    alike = [13, 14, 16, 19, 22, 25]
    assert qn.compile(qn.RepeaterChain(hops=3), "aer:fake_cairo", layout=alike).layout == [alike]
