import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.circuit import plot_circuit
from qnet_circuits.plotting.layout import arrange
from qnet_circuits.programs.blocks import bell_measurement, prepare
from qnet_circuits.programs.chains import measured_ends
from qnet_circuits.programs.instructions import correct, entangle, transmit
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.registry import protocol_class, protocol_names
from qnet_circuits.protocols.bb84 import BB84
from qnet_circuits.protocols.ghz import Ghz
from qnet_circuits.protocols.repeater_chain import RepeaterChain
from qnet_circuits.protocols.teleportation import Teleportation
from tests.plotting.pictures import check_legible, texts, with_gid

#: What a protocol needs, if its circuits need more than its defaults.
NEEDED = {name: {"edges": [(0, 1), (1, 2), (2, 3)]} for name in ("link-benchmark", "distillation-map")}
PROTOCOLS = [protocol_class(name)(**NEEDED.get(name, {})) for name in protocol_names()]
PROTOCOLS += [RepeaterChain(hops=6), Teleportation(hops=3), Ghz(parties=4)]


def teleportation(steps=0):
    alice, bob = QuantumRegister(2, "alice"), QuantumRegister(1, "bob")
    bell, out = ClassicalRegister(2, "bell"), ClassicalRegister(1, "out")
    circuit = QuantumCircuit(alice, bob, bell, out)
    prepare(circuit, alice[0], (1.2, 0.5))
    entangle(circuit, alice[1], bob[0])
    circuit.barrier(alice)
    bell_measurement(circuit, alice[0], alice[1], bell[0], bell[1])
    for _ in range(steps):
        circuit.s(alice[1])
    correct(circuit, bob[0], x=[bell[1]], z=[bell[0]])
    circuit.measure(bob[0], out[0])
    return circuit


def test_teleportation():
    ax = plot_circuit(teleportation())
    assert isinstance(ax, Axes)
    expected = ["alice", "alice[0]", "alice[1]", "bob", "bob[0]", "RY(1.2)", "RZ(0.5)", "H", "Φ+"]
    expected += ["bell[0]", "bell[1]", "out[0]", "X^bell[1]\nZ^bell[0]"]
    assert sorted(texts(ax)) == sorted(expected)
    assert len(with_gid(ax, "entangle")) == 1
    assert len(with_gid(ax, "message")) == len(with_gid(ax, "path")) == 2
    assert [len(with_gid(ax, f"node {node}")) for node in ("alice", "bob")] == [1, 1]
    check_legible(ax)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.id)
def test_protocols_are_legible(protocol, rng):
    ax = protocol.draw()
    shown, registers = texts(ax), protocol.program(rng).items[0].circuit.qregs
    panels = shown.count(registers[0].name)  # a long circuit goes on below
    for register in registers:
        assert shown.count(register.name) == panels > 0
        assert all(f"{register.name}[{k}]" in shown for k in range(register.size))
    check_legible(ax)


def test_many_messages_are_merged_into_one_arrow():
    ax = plot_circuit(measured_ends(Network.chain(8), "ZZ"), collapse=False)
    assert len(with_gid(ax, "message")) == 1
    assert len(with_gid(ax, "path")) == 14
    assert len(with_gid(ax, "entangle")) == 8
    assert "X^(7 bits)\nZ^(7 bits)" in texts(ax)
    assert "X^(swap[1]⊕swap[3])\nZ^(swap[0]⊕swap[2])" in texts(
        plot_circuit(measured_ends(Network.chain(3), "ZZ"))
    )


def test_results_of_the_own_node_need_no_message():
    alice, bob = QuantumRegister(2, "alice"), QuantumRegister(1, "bob")
    bits = ClassicalRegister(1, "m")
    circuit = QuantumCircuit(alice, bob, bits)
    circuit.measure(alice[0], bits[0])
    correct(circuit, alice[1], x=bits)
    assert with_gid(plot_circuit(circuit), "message") == []
    correct(circuit, bob[0], x=bits)
    assert len(with_gid(plot_circuit(circuit), "message")) == 1


def _message_heads(circuit):
    """Return (tip height, back height) of each arrow head."""
    heads = with_gid(plot_circuit(circuit), "message")
    return [(head.get_xy()[0][1], head.get_xy()[1][1]) for head in heads]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_messages_do_not_cross(order):
    alice, bob, bits = QuantumRegister(2, "alice"), QuantumRegister(1, "bob"), ClassicalRegister(2, "m")
    circuit = QuantumCircuit(alice, bob, bits)
    circuit.measure(alice, bits)
    correct(circuit, bob[0], x=[bits[k] for k in order])
    paths = [(line.get_ydata()[0], line.get_xdata()[-1]) for line in with_gid(plot_circuit(circuit), "path")]
    (_, low_end), (_, high_end) = sorted(paths)
    assert high_end > low_end


def test_messages_go_down_and_up():
    alice, bob = QuantumRegister(1, "alice"), QuantumRegister(1, "bob")
    bits = ClassicalRegister(1, "m")
    for source, target, down in ((alice, bob, True), (bob, alice, False)):
        circuit = QuantumCircuit(alice, bob, bits)
        circuit.measure(source[0], bits[0])
        correct(circuit, target[0], z=bits)
        ((tip, back),) = _message_heads(circuit)
        assert bool(tip < back) is down


def _mixture():
    alice, relay, bob = (
        QuantumRegister(3, "alice"),
        QuantumRegister(2, "relay_station"),
        QuantumRegister(1, "bob"),
    )
    c, out = ClassicalRegister(3, "c"), ClassicalRegister(2, "out")
    circuit = QuantumCircuit(alice, relay, bob, c, out)
    circuit.h(alice[0])
    transmit(circuit, alice[0], relay[0])
    circuit.cz(alice[1], alice[2])
    circuit.cp(0.3, alice[1], alice[2])
    circuit.swap(alice[1], alice[2])
    circuit.sdg(relay[1])
    circuit.ch(relay[0], relay[1])
    circuit.rzz(0.5, *relay)
    circuit.reset(alice[1])
    transmit(circuit, relay[0], bob[0])
    circuit.measure([bob[0], relay[1]], out)
    correct(circuit, alice[1], x=out)
    circuit.measure(alice[1:], c[:2])
    circuit.measure(alice[1], c[2])
    with circuit.if_test((c[0], 1)):
        circuit.x(bob[0])
    return circuit


def test_other_operations():
    circuit = _mixture()
    ax = plot_circuit(circuit)
    shown = texts(ax)
    for text in ("S†", "|0⟩", "P(0.3)", "if_else", "X^(out[0]⊕out[1])", "relay_station[1]"):
        assert shown.count(text) == 1, text
    assert shown.count("RZZ(0.5)") == 2
    assert len(with_gid(ax, "transmit")) == 2
    # Two for the correction, one for the condition.
    assert len(with_gid(ax, "message")) == 3
    check_legible(ax)


def test_wire_ends_where_its_qubit_leaves():
    ax = plot_circuit(_mixture())
    ends = [line.get_xdata()[-1] for line in with_gid(ax, "wire")]
    assert ends[0] < ends[3] < ends[1] == ends[2] == ends[4] == ends[5]


def test_nothing_shares_a_place():
    for circuit in (teleportation(), _mixture(), measured_ends(Network.chain(5), "YY")):
        seen = set()
        for placed in arrange(circuit).placed:
            rows = [*placed.rows, *(source.row for source in placed.sources)]
            cells = {(row, placed.column) for row in range(min(rows), max(rows) + 1)}
            assert not cells & seen
            assert all(source.column < placed.column for source in placed.sources)
            seen |= cells


def test_layout_is_as_late_as_possible():
    layout = arrange(measured_ends(Network.chain(20), "ZZ"), collapse=False)
    # Links, CNOTs, Hadamards, measurements, the correction, the measurements of the ends.
    assert layout.columns == 6
    columns = {placed.label: placed.column for placed in layout.placed}
    assert columns["out[0]"] == columns["out[1]"] == 5


def test_what_happens_at_once_stands_below_each_other():
    """The six Bell measurements of a star, although their gates cross each other's wires."""
    layout = arrange(Ghz(parties=6).program(np.random.default_rng(0)).items[0].circuit, collapse=False)
    for bits in ("bell", "out"):
        assert len({placed.column for placed in layout.placed if placed.label.startswith(f"{bits}[")}) == 1


def test_barriers_keep_what_they_part_apart():
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.barrier()
    circuit.h(1)
    circuit.measure([0, 1], [0, 1])
    first, second, *_ = arrange(circuit).placed
    assert first.column < second.column


@pytest.mark.one_in(2)
@pytest.mark.parametrize("count", [2, 10, 30, 100])
@pytest.mark.parametrize("protocol", [RepeaterChain, BB84, Ghz], ids=lambda each: each.name)
def test_circuits_of_any_size_are_legible(protocol, count):
    ax = protocol(**{"parties" if protocol is Ghz else "hops": count}).draw()
    check_legible(ax)
    assert max(ax.figure.get_size_inches()) < 14
    gaps = [text for text in texts(ax) if text.startswith("…")]
    assert len(gaps) == len(with_gid(ax, "gap"))
    if count != 10:
        assert len(gaps) == (0 if count == 2 else 3 if protocol is Ghz else 1)


def test_one_row_stands_for_all_but_the_first_and_the_last_of_many_nodes():
    ax = RepeaterChain(hops=30).draw()
    shown = texts(ax)
    assert "… 27 more nodes\nstation2 to station28" in shown and "X^(29 bits)" in "".join(shown)
    stations = sorted(text for text in shown if text.startswith("station"))
    assert stations == ["station1", "station1[0]", "station1[1]", "station29", "station29[0]", "station29[1]"]
    assert len(with_gid(ax, "entangle")) == 4 and len(with_gid(ax, "path")) == 5


def test_all_is_drawn_if_it_is_asked_for():
    ax = plot_circuit(measured_ends(Network.chain(10), "ZZ"), collapse=False)
    assert len(with_gid(ax, "gap")) == 0 and "station9[1]" in texts(ax)
    check_legible(ax)


def test_qubits_that_do_nothing_are_left_out():
    circuit = qn.compile(RepeaterChain(hops=1), "aer:fake_manila").circuits[0]
    ax = plot_circuit(circuit)
    assert circuit.num_qubits == 5
    assert len(with_gid(ax, "wire")) == 2 and "3 more do nothing" in qn.alt_text(ax)
    check_legible(ax)


def test_a_setting_is_chosen_by_name():
    assert texts(RepeaterChain(hops=2).draw(item="zz")).count("H") < texts(
        RepeaterChain(hops=2).draw(item="xx")
    ).count("H")
    with pytest.raises(qn.UnknownNameError, match="'zx'"):
        RepeaterChain(hops=2).draw(item="zx")


def test_barriers_are_left_out():
    circuit = teleportation()
    assert [placed.instruction.operation.name for placed in arrange(circuit).placed] == [
        instruction.operation.name for instruction in circuit.data if instruction.operation.name != "barrier"
    ]


def test_long_circuits_are_continued_below_at_full_size():
    ax = plot_circuit(teleportation(steps=150))
    assert texts(ax).count("S") == 150
    panels = texts(ax).count("bob[0]")
    assert panels > 5
    assert len(with_gid(ax, "message")) == 2
    # One message is drawn through all panels, the other in the last alone.
    assert len(with_gid(ax, "path")) == panels + 1
    check_legible(ax)


def test_figure_grows_with_depth():
    short, long = (plot_circuit(teleportation(steps)).figure.get_size_inches() for steps in (0, 10))
    assert long[0] > short[0]
    assert long[1] == short[1]


def test_given_axes_are_used_and_texts_fit_them():
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
    assert plot_circuit(teleportation(), left) is left
    assert plt.get_fignums() == [figure.number]
    assert len(right.texts) == 0
    check_legible(left, smallest=3)


def test_bits_and_circuits_without_content():
    ax = plot_circuit(QuantumCircuit(QuantumRegister(2, "alice")))
    assert texts(ax) == ["alice", "alice[0]", "alice[1]"]
    with pytest.raises(ParameterError, match="qubit"):
        plot_circuit(QuantumCircuit())


def test_bands_of_nodes_lie_apart():
    ax = plot_circuit(teleportation())
    (alice,), (bob,) = with_gid(ax, "node alice"), with_gid(ax, "node bob")
    assert alice.get_y() > bob.get_y() + bob.get_height()
