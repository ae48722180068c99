"""IBM's offline mode."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, QuantumRegister
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import InstructionProperties

import qnet_circuits as qn
from qnet_circuits.backends.ibm.client import client_sampler
from qnet_circuits.backends.ibm.offline import LocalBackend
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import UnknownNameError, UnsupportedError
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.testing import check_backend
from qnet_circuits.theory.estimate import proportion

CHAIN = qn.RepeaterChain(hops=2)


def test_it_keeps_the_contract_of_backends():
    backend = LocalBackend("fake_manila")
    check_backend(backend)
    assert (backend.name, backend.simulated, backend.simulates_links) == ("local:fake_manila", True, False)


def test_it_is_called_simulated():
    notes = qn.run(CHAIN, "local:fake_manila", shots=50, seed=1).notes
    assert any(note.startswith("simulated by IBM's offline mode, not made by a processor") for note in notes)


def test_a_seed_repeats_and_circuits_share_no_random_numbers():
    first, again, other = (
        qn.submit(CHAIN, "local:fake_manila", shots=500, seed=seed, corrections="frame") for seed in (1, 1, 2)
    )
    one, two, three = (dict(run.outcomes()) for run in (first, again, other))
    names = list(one)
    assert all(np.array_equal(one[n][r], two[n][r]) for n in names for r in one[n])
    assert not all(np.array_equal(one[n][r], three[n][r]) for n in names for r in one[n])
    swaps = [run["swap"][:, 0] for run in one.values()]
    # A fair coin each; sharing a seed, all circuits would toss the same one. 6 sigma at 500 tosses.
    for a, b in itertools.pairwise(swaps):
        assert abs(np.mean(a == b) - 0.5) < 6 * 0.5 / np.sqrt(500)


def test_every_qubit_has_its_own_errors():
    """One qubit reads wrong half of the time: its register does, wherever it is in the circuit."""
    odd = GenericBackendV2(4, seed=1)
    odd.target.update_instruction_properties("measure", (2,), InstructionProperties(1e-6, 0.5))
    backend = LocalBackend("fake_manila")
    backend.device = Device("odd", odd)
    circuit = QuantumCircuit(
        QuantumRegister(1, "alice"), QuantumRegister(1, "bob"), ClassicalRegister(1, "a")
    )
    circuit.add_register(ClassicalRegister(1, "b"))
    circuit.measure([0, 1], [0, 1])
    for layout, wrong in (([2, 1], "a"), ([1, 2], "b")):
        compiled = qn.compile(Program([Item("read", circuit)]), backend, layout=layout)
        (raw,) = backend.fetch(backend.submit(compiled, [400], 1))
        assert {name for name, bits in raw.items() if bits.mean() > 0.3} == {wrong}


def test_pulses_cost_their_gate_error():
    """One qubit's X is nothing but noise: the qubit that waits for a decision loses its state, with pulses alone."""
    odd = GenericBackendV2(
        5, ["cz", "sx", "x", "rz"], coupling_map=[[k, k + 1] for k in range(4)], control_flow=True, seed=1
    )
    for name in ("sx", "cz", "measure"):
        for qubits, known in odd.target[name].items():
            odd.target.update_instruction_properties(
                name, qubits, InstructionProperties(known.duration, 1e-9)
            )
    for qubits, known in odd.target["x"].items():
        odd.target.update_instruction_properties("x", qubits, InstructionProperties(known.duration, 0.4))
    backend = LocalBackend("fake_manila")
    backend.device = Device("odd", odd)
    options = {"shots": 2000, "seed": 1, "corrections": "feedforward", "layout": [0, 1, 2, 3]}
    plain, pulsed = (
        dict(qn.submit(CHAIN, backend, decoupling=on, **options).outcomes()) for on in (False, True)
    )
    same = []
    for outcomes in (plain, pulsed):
        bits = outcomes["zz"]["out"]
        same.append(proportion(int(np.sum(bits[:, 0] == bits[:, 1])), len(bits), 1 - 1e-6))
    assert same[0].low > same[1].high


@pytest.mark.slow
def test_the_used_qubits_alone_err_as_the_whole_device_does():
    """IBM's mode is given the used qubits only: the same figure as with all of them, at 6 sigma."""
    backend = LocalBackend("fake_torino")
    compiled = qn.compile(CHAIN, backend, corrections="feedforward")
    ours = compiled.analyze(backend.fetch(backend.submit(compiled, [4000] * 3, 1)))["fidelity"].value
    sampler = client_sampler(fake_device("fake_torino").described)
    sampler.options.simulator.seed_simulator = 5
    theirs = compiled.analyze(sampler.run(list(compiled.circuits), shots=4000).result())["fidelity"].value
    assert abs(ours - theirs) < 6 * np.sqrt(2 * 0.1 / 12000) * 1.5


def test_what_ibm_would_refuse_is_refused():
    with pytest.raises(UnknownNameError, match="device 'fake_nothing'"):
        LocalBackend("fake_nothing")
    backend = LocalBackend("fake_manila")
    with pytest.raises(UnsupportedError, match="1, 2, 3"):
        backend.submit(qn.compile(CHAIN, backend), [1, 2, 3], 0)
    with pytest.raises(UnsupportedError, match=r"fake_berlin.*if_else"):
        qn.run(CHAIN, "local:fake_berlin", corrections="feedforward")
    with pytest.raises(UnsupportedError, match="local:fake_manila"):
        qn.run(qn.RepeaterChain(hops=2, link_fidelity=0.9), backend)


def test_the_prediction_beside_a_figure_knows_that_waiting_costs_nothing_here():
    chain = qn.RepeaterChain(hops=3)
    result = qn.run(chain, "local:fake_torino", shots=4000, seed=3, corrections="feedforward", level=1 - 1e-6)
    assert result.predicted["fidelity"] in result.fidelity
    where = {"layout": result.provenance["layout"][0], "corrections": "feedforward"}
    waiting = qn.predict(chain, "fake_torino", **where).fidelity.value
    assert waiting not in result.fidelity


def test_the_prediction_beside_a_figure_knows_that_every_measurement_is_the_same_here_in_both_directions():
    options = {"corrections": "feedforward", "seed": 3}
    run = qn.submit(CHAIN, "local:fake_kingston", shots=10, **options)
    where = {"layout": run.manifest["layout"][0], "noise": {"idle": False}, **options}
    own = qn.predict(CHAIN, "fake_kingston", **where).fidelity.value
    plain = qn.predict(CHAIN, Device("plain", None, (), without(fake_device("fake_kingston"))), **where)
    assert run.manifest["predicted"]["fidelity"] == pytest.approx(plain.fidelity.value, abs=1e-9)
    assert abs(own - plain.fidelity.value) > 1e-4


def without(device):
    """Return a device's calibration without its own measurement in mid-circuit, and with the mean of both readout errors."""
    found = device.calibration
    return replace(
        found,
        operations=tuple(name for name in found.operations if name != "measure_2"),
        entries=tuple(entry for entry in found.entries if entry.name != "measure_2"),
        qubits=tuple(replace(qubit, one_from_zero=None, zero_from_one=None) for qubit in found.qubits),
    )


def test_what_would_be_a_job_is_predicted_though_it_is_large():
    chain = qn.RepeaterChain(hops=36)
    assert set(qn.submit(chain, "local:fake_torino", seed=1).manifest["predicted"]) >= {"fidelity"}
    assert qn.submit(chain, "aer:fake_torino", seed=1).manifest["predicted"] == {}
