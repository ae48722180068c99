"""Synthetic devices have the couplings, the medians and the spread that they say."""

import numpy as np
import pytest
import rustworkx

import qnet_circuits as qn
from qnet_circuits.backends.aer import AerBackend
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.synthetic import Medians, grid_device, heavy_hex_device, line_device
from qnet_circuits.errors import ParameterError


def graph(device):
    found = rustworkx.PyGraph()
    found.add_nodes_from(range(device.num_qubits))
    found.add_edges_from([(*sorted(pair), None) for pair in device.couplings])
    return found


def test_a_line():
    device = line_device(20)
    assert device.couplings == {frozenset((k, k + 1)) for k in range(19)}
    assert (device.name, device.source, device.date) == ("synthetic line of 20", "synthetic line", None)
    assert line_device(1).couplings == frozenset()


def test_a_grid():
    device = grid_device(3, 4)
    lattice = rustworkx.generators.grid_graph(3, 4)
    assert device.num_qubits == 12
    assert device.couplings == {frozenset(edge) for edge in lattice.edge_list()}


def test_the_grid_of_a_nighthawk():
    assert grid_device(12, 10).couplings == fake_device("fake_nighthawk").calibration.couplings


def test_the_heavy_hex_of_a_heron():
    assert heavy_hex_device(8, 16).couplings == fake_device("fake_kingston").calibration.couplings


@pytest.mark.parametrize(("rows", "columns"), [(1, 4), (2, 4), (3, 5), (4, 7), (5, 30), (20, 9)])
def test_a_heavy_hex_of_any_size(rows, columns):
    device = heavy_hex_device(rows, columns)
    found = graph(device)
    assert rustworkx.is_connected(found)
    assert max(degree for degree in map(found.degree, found.node_indices())) <= 3
    # Heavy: no two qubits of degree 3 are neighbours.
    assert not any(found.degree(a) == found.degree(b) == 3 for a, b in found.edge_list())


def test_a_cell_of_a_heavy_hex_is_a_ring_of_12():
    (cell,) = rustworkx.cycle_basis(graph(heavy_hex_device(2, 8)))
    assert len(cell) == 12


def test_every_figure_is_as_asked():
    device = line_device(
        3, t1=1e-4, t2=5e-5, one_qubit_error=1e-3, two_qubit_error=1e-2, readout_error=(0.02, 0.04),
        one_qubit_duration=20e-9, two_qubit_duration=100e-9, measurement_duration=1e-6, dt=1e-9, dynamic=False,
    )  # fmt: skip
    assert device.dt == 1e-9 and not device.dynamic
    for k in range(3):
        assert (device.t1(k), device.t2(k), device.readout(k)) == (1e-4, 5e-5, (0.02, 0.04))
        for gate in ("id", "sx", "x"):
            assert (device.error(gate, [k]), device.duration(gate, [k])) == (1e-3, 20e-9)
        assert (device.error("rz", [k]), device.duration("rz", [k])) == (0.0, 0.0)
        assert (device.error("measure", [k]), device.duration("measure", [k])) == (pytest.approx(0.03), 1e-6)
        assert device.duration("reset", [k]) == pytest.approx(1.02e-6)
    for pair in ((0, 1), (1, 0), (1, 2), (2, 1)):
        assert (device.error("cz", pair), device.duration("cz", pair)) == (1e-2, 100e-9)
    assert line_device(2, reset_duration=3e-6).duration("reset", [1]) == 3e-6
    assert line_device(2).operations == ("cz", "delay", "id", "if_else", "measure", "reset", "rz", "sx", "x")


def test_a_spread_is_lognormal_around_the_medians():
    count = 1000
    device = line_device(count, spread=0.4, seed=11)
    medians = device.summary()["medians"]
    # The median of n lognormal values errs by 1.2533 · spread / √n: 5 such widths fail once in 1.7 million.
    width = 5 * 1.2533 * 0.4 / np.sqrt(count)
    for name, asked in {"t1": 250e-6, "one_qubit_error": 2.5e-4, "two_qubit_error": 2e-3}.items():
        assert abs(np.log(medians[name] / asked)) < width
    columns = [[device.t1(k) for k in range(count)], [device.error("sx", [k]) for k in range(count)],
               *zip(*(device.readout(k) for k in range(count)), strict=True)]  # fmt: skip
    assert np.std(np.log(columns), axis=1) == pytest.approx(0.4, abs=5 * 0.4 / np.sqrt(2 * count))
    assert np.abs(np.corrcoef(np.log(columns)) - np.eye(4)).max() < 5 / np.sqrt(count)
    assert all(device.t2(k) <= 2 * device.t1(k) for k in range(count))
    assert device.error("cz", (0, 1)) == device.error("cz", (1, 0)) != device.error("cz", (1, 2))
    assert {device.duration("cz", (k, k + 1)) for k in range(15)} == {68e-9}


def test_a_spread_stays_physical():
    device = line_device(400, spread=3.0, two_qubit_error=0.3, readout_error=0.3, t2=500e-6)
    assert max(entry.error or 0 for entry in device.entries) == 1.0
    assert device.summary()["gaps"]["t2_above_twice_t1"] == 0


def test_a_spread_is_decided_by_its_seed():
    assert line_device(9, spread=0.3, seed=4) == line_device(9, spread=0.3, seed=4)
    assert line_device(9, spread=0.3, seed=4) != line_device(9, spread=0.3, seed=5)
    assert line_device(9, seed=4) == line_device(9, seed=5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: line_device(0), "num_qubits .* 1, .* 0$"),
        (lambda: grid_device(2, 0), "columns .* 1, .* 0$"),
        (lambda: grid_device(1.5, 2), r"rows .*1\.5$"),
        (lambda: heavy_hex_device(0, 4), "rows .* 0$"),
        (lambda: heavy_hex_device(2, 3), "columns .* 4, .* 3$"),
        (lambda: line_device(2, t1=0), r"t1 .*\[1e-09, 1000\].* 0$"),
        (lambda: line_device(2, t1=1e-5, t2=3e-5), r"t2 .*\[1e-09, 2e-05\].* 3e-05$"),
        (lambda: line_device(2, one_qubit_error=-0.1), r"one_qubit_error .*-0\.1$"),
        (lambda: line_device(2, two_qubit_error=1.1), r"two_qubit_error .*1\.1$"),
        (lambda: line_device(2, readout_error=2), "readout_error .*2$"),
        (lambda: line_device(2, readout_error=(0.1, 1.2)), r"readout_error .*1\.2"),
        (lambda: Medians(readout_error=-1), "readout_error .*-1$"),
        (lambda: line_device(2, readout_error=(0.1,)), r"readout_error .*\(0\.1,\)"),
        (lambda: line_device(2, one_qubit_duration=-1e-9), "one_qubit_duration .*-1e-09$"),
        (lambda: line_device(2, two_qubit_duration="fast"), "two_qubit_duration .*'fast'$"),
        (lambda: line_device(2, measurement_duration=2), "measurement_duration .* 2$"),
        (lambda: line_device(2, reset_duration=-1), "reset_duration .*-1$"),
        (lambda: line_device(2, dt=0), "dt .* 0$"),
        (lambda: line_device(2, dynamic=1), "dynamic .* 1$"),
        (lambda: line_device(2, spread=-0.1), r"spread .*-0\.1$"),
        (lambda: line_device(2, seed=-1), "seed .* 0, .*-1$"),
    ],
)  # fmt: skip
def test_wrong_medians_are_named(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_an_unknown_median_is_a_type_error():
    with pytest.raises(TypeError, match="speed"):
        line_device(2, speed=3)


def test_a_synthetic_device_runs_and_is_kept(tmp_path):
    device = heavy_hex_device(2, 8, spread=0.2, seed=1)
    device.save(tmp_path / "hex.json")
    assert DeviceCalibration.load(tmp_path / "hex.json") == device
    backend = AerBackend("aer:hex", Device.from_calibration(device))
    result = qn.run(qn.RepeaterChain(hops=4), backend, shots=2000, seed=1, corrections="feedforward")
    assert 0.8 < result.fidelity.value < 0.97
    assert result.resources["routing_swaps"] == 0


def test_a_perfect_synthetic_device_makes_no_error():
    perfect = line_device(8, t1=1e3, t2=1e3, one_qubit_error=0, two_qubit_error=0, readout_error=0)
    backend = AerBackend("aer:perfect", Device.from_calibration(perfect))
    assert qn.run(qn.RepeaterChain(hops=4), backend, shots=500, seed=1).fidelity.value == 1.0
