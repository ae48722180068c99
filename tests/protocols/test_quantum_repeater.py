import json
import math
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import qnet_circuits as qn
from qnet_circuits.backends.exact import ExactBackend
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import QnetError, UnsupportedError
from qnet_circuits.repeaters.storage import memory_factors
from qnet_circuits.theory import waiting
from qnet_circuits.theory.fibre import transmission
from qnet_circuits.theory.key_rates import bb84_rate

ALPHA = 1e-6
NOISE = qn.NoiseParameters()


def repeater(**more):
    return qn.QuantumRepeater(**{"length_km": 200, "scheme": "sender", "memory_t2": 0.05, **more})


def drawn(protocol, seed=3):
    """Return a program of drawn rounds whose figures are those of these rounds, and the rounds of its first setting."""
    program = protocol.program(np.random.default_rng(seed))
    figures = [replace(figure, drawn_from=0) for figure in program.figures]
    times = protocol.schedule.sample(protocol.circuits, np.random.default_rng(seed))
    return qn.Program(program.items, figures, program.network, program.notes), times


@pytest.mark.parametrize("stations", [0, 1, 3])
@pytest.mark.parametrize("storage", ["averaged", "frames"])
def test_the_mean_channel_is_that_of_theory(stations, storage):
    protocol = repeater(stations=stations, storage=storage, source_fidelity=0.97)
    p, period = transmission(200 / (stations + 1)), 2 * 200 / (stations + 1) / 2e5
    kept = waiting.storage_factor(p, math.exp(-period / 0.05), stations + 1)
    v = ((4 * 0.97 - 1) / 3) ** (stations + 1)
    result = qn.run(protocol, "exact")
    assert result["fidelity"].value == pytest.approx((1 + v + 2 * v * kept) / 4, abs=1e-9)
    assert result["xx"].value == pytest.approx(v * kept, abs=1e-9)
    assert result["zz"].value == pytest.approx(v, abs=1e-9)
    assert any(storage in note for note in result.notes)


@pytest.mark.parametrize("storage", ["averaged", "frames", "delays"])
def test_modes_agree_on_memories_that_dephase(storage, rng):
    more = {"circuits": 20} if storage == "delays" else {}
    protocol = repeater(length_km=60, stations=2, storage=storage, memory_t2=0.01, **more)
    shots = 100 if storage == "delays" else 3000
    result = qn.run(protocol, "ideal", shots=shots, seed=int(rng.integers(2**31)), level=1 - ALPHA)
    for name in ("fidelity", "xx", "yy", "zz", "pairs_per_second", "key_per_second", "plob_ratio"):
        assert result.theory[name] in result[name], name
    kept = protocol.theory(NOISE)["xx"]
    secret = bb84_rate(0.0, (1 - kept) / 2) * result.theory["pairs_per_second"]
    assert secret in result["key_per_second"]
    assert secret * 2e-4 / -math.log2(1 - transmission(60)) in result["plob_ratio"]


@pytest.mark.parametrize(("stations", "t1"), [(1, 0.06), (3, None)])
def test_circuits_of_rounds_fade_as_long_as_their_qubits_wait(stations, t1):
    """One stored qubit of a pair is all that relaxes between two links, and dephasing is a Pauli channel in any chain."""
    protocol = repeater(stations=stations, storage="delays", memory_t1=t1, circuits=3, efficiency=0.5)
    program, times = drawn(protocol)
    phases, _ = memory_factors(protocol.chain, protocol.chain.path(), times)
    found = qn.run(program, "exact")
    assert found["xx"].value == pytest.approx(phases.mean(), abs=1e-9)
    if stations == 1:
        # the three settings have rounds of their own, drawn in turn
        rng = np.random.default_rng(3)
        zz = [protocol.schedule.sample(3, rng) for _ in range(3)][-1]
        assert found["zz"].value == pytest.approx(
            memory_factors(protocol.chain, protocol.chain.path(), zz)[1].mean(), abs=1e-9
        )


def test_relaxation_of_both_halves_is_more_than_its_twirl():
    """If both qubits of a link wait, both decay to |0⟩ and agree: <ZZ> of the link is (1 - γ_a)(1 - γ_b) + γ_a γ_b."""
    protocol = repeater(
        stations=2, storage="delays", memory_t1=0.004, memory_t2=0.008, circuits=4, length_km=90
    )
    program, phases = drawn(protocol)
    rng = np.random.default_rng(3)
    times = [protocol.schedule.sample(4, rng) for _ in range(3)][-1]
    gamma = -np.expm1(-times.waits_s() / 0.004)
    links = (1 - gamma).prod(axis=2) + gamma.prod(axis=2)
    found, twirled = (
        qn.run(program, "exact"),
        memory_factors(protocol.chain, protocol.chain.path(), times)[1].mean(),
    )
    assert found["zz"].value == pytest.approx(links.prod(axis=1).mean(), abs=1e-9)
    assert found["zz"].value > twirled + 1e-3
    assert found["xx"].value == pytest.approx(
        memory_factors(protocol.chain, protocol.chain.path(), phases)[0].mean(), abs=1e-9
    )


@pytest.mark.parametrize("stations", [1, 3])
def test_scaled_delays_are_those_of_the_schedule(stations):
    """On a device whose gates and readouts take no time and have no error, qubits fade by t/T2 alone."""
    t2 = 1e-3
    protocol = repeater(stations=stations, storage="scaled", time_scale=t2 / 0.05, circuits=2)
    program, times = drawn(protocol)
    device = qn.line_device(
        2 * stations + 2, t1=1000, t2=t2, one_qubit_error=0, two_qubit_error=0, readout_error=0, spread=0, dt=1e-9,
        one_qubit_duration=0, two_qubit_duration=0, measurement_duration=0,
    )  # fmt: skip
    backend = ExactBackend(device=Device.from_calibration(device), noise=DeviceNoise(zz=0, charge_parity=0))
    found = qn.run(program, backend, layout=list(range(2 * stations + 2)))
    kept = memory_factors(protocol.chain, protocol.chain.path(), times)[0].mean()
    # delays are whole tenths of a microsecond, 1e-4 of T2
    assert found["xx"].value == pytest.approx(kept, abs=2e-4)
    assert found["zz"].value == pytest.approx(1.0, abs=1e-5)
    assert any("T2 of 0.05 s is 0.001 s of the device" in note for note in found.notes)
    for item in program.items:
        waited = dict.fromkeys(item.circuit.qubits, 0.0)
        for each in item.circuit.data:
            if each.name == "delay":
                waited[each.qubits[0]] += each.operation.duration
        assert (
            max(waited.values()) - min(waited.values()) <= 300
        )  # ns; every qubit's times add up to the round


def test_seconds_are_those_of_the_network():
    result = qn.run(repeater(storage="frames"), seed=2, shots=100)
    assert any("never of the machine" in note for note in result.notes)
    assert result.more["storage"] == "frames" and result.more["plob"] == pytest.approx(1.4428e-4, rel=1e-4)
    again = qn.run(repeater(storage="frames"), seed=2, shots=100)
    assert again.figures == result.figures
    assert result["plob_ratio"].value == pytest.approx(result["key_per_use"].value / result.more["plob"])


def test_means_without_closed_form_are_sampled(rng):
    """A cut-off with messages, against the same rounds computed without circuits."""
    protocol = repeater(length_km=60, cutoff=2e-3, ends="stored")
    result = qn.run(protocol, "exact")
    said = next(note for note in result.notes if "averaged" in note)
    assert "20000 sampled rounds" in said
    again = qn.repeater_rates(protocol.chain, protocol.schedule, seed=rng, ends="stored", level=1 - ALPHA)
    other = 2 * (again.fidelity.high - again.fidelity.low)  # both are sampled
    assert abs(result["fidelity"].value - again.fidelity.value) < other
    assert set(protocol.theory(NOISE)) == set()


RATES = ("pairs_per_second", "key_per_second", "key_per_use", "plob_ratio")


@pytest.mark.parametrize("stations", [0, 1, 3])
def test_rates_are_exact_where_formulas_are_known(stations):
    protocol = repeater(stations=stations, length_km=100, memory_t2=1.0)
    result, theory = qn.predict(protocol), protocol.theory(NOISE)
    for name in ("fidelity", *RATES):
        assert result[name].value == pytest.approx(theory[name], rel=1e-9)
        assert (result[name].level, result[name].low, result[name].high) == (1, *[result[name].value] * 2)


def test_predicted_rates_of_a_twin_are_those_of_its_exact_figures():
    protocol = repeater(length_km=60, memory_t2=1.0)
    ran, exact = (
        qn.run(protocol, f"{engine}:fake_manila", **more)
        for engine, more in (("aer", {"shots": 50}), ("exact", {}))
    )
    kept = bb84_rate((1 - exact["zz"].value) / 2, (1 - exact["xx"].value) / 2)
    assert kept > 0
    assert exact["key_per_second"].value == pytest.approx(kept * protocol.theory(NOISE)["pairs_per_second"])
    for name in RATES:
        assert ran.predicted[name] == pytest.approx(exact[name].value)


def test_rates_without_formulas_are_sampled_beside_exact_figures():
    protocol = repeater(length_km=60, cutoff=2e-3, ends="stored")
    result = qn.predict(protocol)
    again = qn.repeater_rates(protocol.chain, protocol.schedule, seed=5, ends="stored", level=1 - ALPHA)
    assert result["pairs_per_second"].level == result["key_per_second"].level == 0.95
    assert result["pairs_per_second"].value in again.pairs_per_second
    assert result["key_per_second"].value in again.key_per_second
    assert not set(RATES) & set(qn.run(protocol, "aer:fake_manila", shots=10, seed=1).predicted)


def test_other_protocols_say_that_time_is_not_in_their_figures():
    far = qn.Network.chain(2, qn.Link(length_km=10))
    assert any("time until then" in note for note in qn.run(qn.RepeaterChain(network=far), "exact").notes)
    assert not any("time until then" in note for note in qn.run(qn.RepeaterChain(), "exact").notes)
    assert not any("time until then" in note for note in qn.run(repeater(), "exact").notes)


def test_what_runs_where():
    for storage in ("averaged", "delays"):
        with pytest.raises(UnsupportedError, match="simulator"):
            qn.submit(repeater(storage=storage), "local:fake_torino", dry_run=True)
    scaled = repeater(storage="scaled", time_scale=1e-3, circuits=2)
    ran = qn.run(scaled, "aer:fake_torino", shots=100, seed=1)
    assert any("0.001 device seconds" in note for note in ran.notes)
    for backend in ("ideal", "aer", "exact"):
        with pytest.raises(UnsupportedError, match=f"qubits of a device for memories, and {backend}"):
            qn.run(scaled, backend)
    with pytest.raises(UnsupportedError, match="drawn at random"):
        qn.run(repeater(storage="delays"), "exact")
    assert qn.submit(repeater(storage="frames"), "local:fake_torino", dry_run=True).notes


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stations": -1}, "stations .*-1"),
        ({"cutoff": 1e-5}, "cut-off must be at least one attempt"),
        ({"stations": 0, "cutoff": 1.0}, "cutoff .*stations=0"),
        ({"stations": 0, "swap_success": 0.5}, "swap_success .*stations=0"),
        ({"circuits": 20}, "circuits=20 .*storage=averaged"),
        ({"memory_t1": 0.01}, "at most 2 T1"),
        ({"memory_t1": "0.01"}, "at most 2 T1"),
        ({"length_km": 0}, "length_km"),
        ({"length_km": "far"}, "length_km"),
        ({"efficiency": 0}, "never succeeds|nothing"),
        ({"scheme": "single-click"}, "never succeeds"),
        ({"storage": "fridge"}, "storage .*fridge"),
        ({"storage": "scaled"}, "time_scale"),
        ({"time_scale": 1e-3}, "time_scale"),
        ({"storage": "scaled", "time_scale": 0}, "time_scale"),
        ({"rounds": 3}, "rounds"),
        ({"rounds": 10**12}, "rounds"),
        ({"length_km": 20_000, "stations": 9}, "4000 dB"),
        ({"circuits": 1}, "circuits"),
        ({"ends": "lost"}, "ends"),
        ({"messages": 1}, "messages"),
        ({"swap_success": 0}, "swap_success"),
    ],
)
def test_bad_input(given, said):
    with pytest.raises(QnetError, match=said):
        repeater(**given)


def test_command_line():
    from qnet_circuits.cli.main import qnet

    asked = [
        "run",
        "quantum-repeater",
        "--set",
        "length_km=200",
        "--set",
        "stations=3",
        "--set",
        "memory_t2=1.0",
        "--json",
    ]
    printed = CliRunner().invoke(qnet, [*asked, "--seed", "1"])
    assert printed.exit_code == 0
    result = json.loads(printed.output)
    for name in ("fidelity", "pairs_per_second", "key_per_second", "key_per_use", "plob_ratio"):
        assert result["figures"][name]["low"] <= result["theory"][name] <= result["figures"][name]["high"]
    assert result["bounds"]["key_per_use"]["PLOB"] == pytest.approx(1.4428e-4, rel=1e-4)
    assert result["plob"] == result["bounds"]["key_per_use"]["PLOB"]
