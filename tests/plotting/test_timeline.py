"""The picture of a circuit in time shows what happens when, and who waits."""

import pytest

import qnet_circuits as qn
from qnet_circuits.errors import UnknownNameError, UnsupportedError
from tests.plotting.pictures import with_gid


def bars(ax, gid):
    return sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in with_gid(ax, gid))


def drawn(corrections, **noise):
    compiled = qn.compile(qn.Teleportation(state="+"), "aer:fake_kingston", corrections=corrections)
    return qn.plot_timeline(compiled, qn.DeviceNoise(**noise))


def test_bob_waits_for_the_message_only_if_he_decides_on_it():
    lengths = {mode: [b - a for a, b in bars(drawn(mode), "wait")] for mode in ("feedforward", "frame")}
    assert max(lengths["feedforward"]) > 1.76  # measure_2 of Kingston
    assert any(length == pytest.approx(1.5) for length in lengths["feedforward"])
    assert max(lengths["frame"]) < 1


def test_latency_is_what_lies_between_a_measurement_and_the_decision():
    for latency in (0.0, 4e-6):
        ax = drawn("feedforward", feedforward_latency=latency)
        arrows = [text for text in ax.texts if text.arrow_patch is not None]
        under_way = [arrow.xy[0] - arrow.xyann[0] for arrow in arrows]
        assert len(arrows) == 2
        assert sorted(under_way) == pytest.approx([latency * 1e6, latency * 1e6 + 0.7], abs=1e-6)


def test_rows_say_node_and_physical_qubit():
    ax = drawn("feedforward")
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert [label.split()[0] for label in labels] == ["alice[0]", "alice[1]", "bob[0]"]
    assert all(label.split()[1].startswith("q") for label in labels)
    assert ax.get_title() == "+_x on fake_kingston, corrections=feedforward"


def test_signs_of_formulas_in_names_are_signs():
    network = qn.Network.from_edges([(r"a $\frac$ b", "c")])
    ax = qn.plot_timeline(qn.compile(qn.Teleportation(network=network), "aer:fake_manila"))
    ax.figure.canvas.draw()
    assert ax.get_yticklabels()[0].get_text().startswith(r"a $\frac$ b[0]")


def test_a_circuit_is_chosen_by_name():
    compiled = qn.compile(qn.RepeaterChain(hops=2), "aer:fake_kingston")
    assert qn.plot_timeline(compiled, item="zz").get_title().startswith("zz on")
    with pytest.raises(UnknownNameError, match="'zx'"):
        qn.plot_timeline(compiled, item="zx")


def test_without_a_device_there_is_no_time():
    with pytest.raises(UnsupportedError, match="aer:fake_kingston"):
        qn.plot_timeline(qn.compile(qn.Teleportation()))
