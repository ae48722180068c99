"""Control experiments: the same circuits without corrections, and direct transport, in one job with the protocol."""

import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.backends.registry import backend_of
from qnet_circuits.devices.synthetic import line_device
from qnet_circuits.errors import ParameterError, ProgramError, RecordError, UnknownNameError, UnsupportedError
from qnet_circuits.protocols.repeater_chain import bell_program
from qnet_circuits.runs.asked import program_of
from qnet_circuits.runs.options import RunOptions
from qnet_circuits.runs.preparing import compile_for
from qnet_circuits.runs.run import Run
from qnet_circuits.theory.swapping import chain_fidelity

LEVEL = 1 - 1e-6
CHAIN = qn.RepeaterChain(hops=3)


def compiled(protocol, backend="aer:fake_kingston", **options):
    return compile_for(program_of(protocol, 5, controls=True), backend_of(backend), RunOptions(**options))


def wires(item):
    """Return the physical qubit of each wire (register, index)."""
    registers = item.lowered.circuit.qregs
    names = [(register.name, k) for register in registers for k in range(register.size)]
    return dict(zip(names, item.layout, strict=True))


IDEAL = [
    (CHAIN, {"fidelity_uncorrected": 0.25, "zz_uncorrected": 0.0, "fidelity_swap_transport": 1.0}),
    (qn.EntanglementSwapping(), {"fidelity_uncorrected": 0.25, "fidelity_01_uncorrected": 0.0,
                                 "yy_swap_transport": -1.0}),
    (qn.Teleportation(), {"fidelity_uncorrected": 0.5, "fidelity_swap_transport": 1.0}),
    (qn.Teleportation(state=(0.7, 0.4), hops=2), {"fidelity_uncorrected": 0.5, "fidelity_swap_transport": 1.0}),
    (qn.Chsh(hops=2), {"s_value_uncorrected": 0.0, "s_value_swap_transport": 2 * 2**0.5}),
    (qn.RepeaterChain(hops=1), {"fidelity_swap_transport": 1.0}),
    (qn.Ghz(), {"fidelity_uncorrected": 0.125}),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "values"), IDEAL, ids=lambda value: getattr(value, "id", None))
def test_control_figures_come_to_their_ideal_values(protocol, values):
    result = qn.run(protocol, shots=2000, seed=3, controls=True, level=LEVEL)
    own = {figure.name for figure in program_of(protocol, 3).figures}
    for name, value in values.items():
        assert result.ideal[name] == pytest.approx(value)
        assert result[name].low - 1e-9 <= value <= result[name].high + 1e-9, name
    for name in own:
        assert result[name].low - 1e-9 <= result.ideal[name] <= result[name].high + 1e-9, name
    assert result.provenance["controls"] is True


def test_controls_cost_the_protocol_nothing():
    """The protocol's own figures, ledger and mode are those of a run without controls."""
    plain = qn.predict(CHAIN, "fake_kingston", corrections="feedforward")
    result = qn.predict(CHAIN, "fake_kingston", corrections="feedforward", controls=True)
    for name, estimate in plain.figures.items():
        assert result[name].value == pytest.approx(estimate.value, abs=1e-12)
    controls = result.resources["controls"]
    assert {key: value for key, value in result.resources.items() if key != "controls"} == plain.resources
    assert result.provenance["corrections"] == plain.provenance["corrections"] == "feedforward"
    assert result.provenance["layout"] == plain.provenance["layout"]
    assert controls["uncorrected"]["two_qubit_gates"] == plain.resources["compiled"]["two_qubit_gates"] == 5
    assert controls["swap_transport"]["two_qubit_gates"] == 13
    assert "corrected in software (Pauli frame)" not in result.notes


def test_the_links_own_noise_leaves_of_swap_transport_what_it_leaves_of_a_chain():
    chain = qn.RepeaterChain(hops=3, link_fidelity=0.9)
    result = qn.run(chain, shots=4000, seed=2, controls=True, level=LEVEL)
    assert result.theory["fidelity_swap_transport"] == pytest.approx(chain_fidelity(0.9, 3))
    assert result.theory["fidelity_swap_transport"] in result["fidelity_swap_transport"]
    assert result["fidelity_swap_transport"].below(chain_fidelity(0.9, 2))
    assert "fidelity_uncorrected" not in result.theory
    assert result.bounds["fidelity_swap_transport"] == result.bounds["fidelity"]


@pytest.mark.parametrize("task", ["bell", "chsh", "state"])
@pytest.mark.parametrize("hops", [1, 2, 3])
def test_every_link_errs_on_the_qubit_that_travels(hops, task):
    links = [qn.Link(pauli=weights) for weights in ((0.9, 0.1, 0, 0), (0.8, 0, 0.2, 0), (0.7, 0, 0, 0.3))]
    protocol = qn.SwapTransport(network=qn.Network.chain(hops, links[:hops]), task=task)
    theory = protocol.theory(qn.NoiseParameters())
    found = {name: estimate.value for name, estimate in qn.predict(protocol).figures.items()}
    assert found == pytest.approx(theory, abs=1e-9)


def test_emulated_links_err_in_the_controls_too():
    chain = qn.RepeaterChain(hops=2, link_fidelity=0.8)
    result = qn.run(chain, shots=4000, seed=2, controls=True, emulate_links=True, level=LEVEL)
    assert chain_fidelity(0.8, 2) in result["fidelity_swap_transport"]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("corrections", ["frame", "feedforward", "postselect"])
@pytest.mark.parametrize("protocol", [CHAIN, qn.Teleportation(hops=2), qn.Chsh(hops=2)], ids=lambda p: p.id)
def test_everything_lies_on_the_same_physical_qubits(protocol, corrections):
    made = compiled(protocol, corrections=corrections)
    places = {json.dumps([[*wire, place] for wire, place in wires(item).items()]) for item in made}
    assert len(places) == 1
    assert made.verify() > 0
    assert {item.lowered.mode for item in made.protocol_items()} == {corrections}
    assert {item.lowered.mode for item in made.protocol_items("uncorrected")} == {"none"}
    assert len(made.layout) == 1


def test_a_wire_that_is_deferred_is_left_out_of_the_controls():
    """Coherent mode has qubits more; the others lie where they lay."""
    made = compiled(qn.TeleportedCnot(), line_device(10), corrections="coherent")
    first = wires(made.protocol_items()[0])
    for item in made.protocol_items("uncorrected"):
        found = wires(item)
        assert found == {wire: first[wire] for wire in found}


def test_a_layout_by_hand_and_routing_hold_for_the_controls():
    device = line_device(8)
    made = compiled(CHAIN, device, layout=[0, 2, 1, 3, 4, 5])
    assert {item.layout for item in made} == {(0, 2, 1, 3, 4, 5)}
    assert made.verify() > 0
    assert max(item.swaps for item in made) > 0


def test_swaps_carry_whatever_the_runs_carrier():
    with pytest.raises(UnsupportedError, match="carrier='teleport'"):
        qn.compile(qn.SwapTransport(), carrier="teleport")
    made = compiled(CHAIN, carrier="teleport")
    assert made.resources["controls"]["swap_transport"]["two_qubit_gates"] == 13
    result = qn.run(qn.SwapTransport(), shots=100, seed=1)
    assert result.resources["carrier"] == "swap"
    assert "a transmitted qubit is carried by swap" in result.notes
    with pytest.raises(UnknownNameError, match="carrier 'pigeon'"):
        qn.Item("one", qn.compile(CHAIN).program.items[0].circuit, carrier="pigeon")


def test_all_figures_are_predicted():
    result = qn.run(CHAIN, "aer:fake_kingston", shots=1000, seed=4, controls=True, level=LEVEL)
    assert set(result.predicted) == set(result.figures)
    assert len(result.figures) == 12
    for name, value in result.predicted.items():
        assert result[name].low <= value <= result[name].high, name


def test_post_selection_counts_the_protocols_own_shots():
    result = qn.run(CHAIN, shots=4000, seed=5, corrections="postselect", controls=True, level=LEVEL)
    assert 0.25 in result.acceptance
    assert result.acceptance.n == 12000
    assert result["fidelity_uncorrected"].n == 12000 > result.fidelity.n


# -- stored runs ---------------------------------------------------------------------------------------------------


def test_an_interrupted_run_goes_on_with_its_controls(tmp_path):
    options = {"shots": 300, "seed": 6, "controls": True}
    whole = qn.run(CHAIN, "aer:fake_kingston", **options)
    left = qn.submit(CHAIN, "aer:fake_kingston", path=tmp_path / "run", **options)
    assert left.status == "PREPARED"
    (tmp_path / "run" / "compiled.qpy").unlink()
    opened = qn.open_run(tmp_path / "run").result()
    assert opened.figures == whole.figures
    assert opened.ideal == whole.ideal
    again = qn.replay(tmp_path / "run")
    assert again.figures == whole.figures
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["program_id"] == program_of(CHAIN, 6, controls=True).id != program_of(CHAIN, 6).id
    assert manifest["options"]["controls"] is True
    assert [item["name"] for item in manifest["items"]] == [
        item.name for item in program_of(CHAIN, 6, controls=True)
    ]
    assert [item["tags"].get("control_experiment", "") for item in manifest["items"]] == [
        *[""] * 3, *["uncorrected"] * 3, *["swap_transport"] * 3,
    ]  # fmt: skip


def test_a_run_without_controls_is_not_taken_for_one_with_them(tmp_path):
    qn.submit(CHAIN, "ideal", path=tmp_path / "run", shots=10, seed=1, controls=True)
    file = tmp_path / "run" / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["options"]["controls"] = False
    file.write_text(json.dumps(manifest))
    with pytest.raises(RecordError, match=r"program.*/run "):
        qn.open_run(tmp_path / "run").result()


def test_figures_are_analysed_again_with_a_protocol_that_is_given(tmp_path):
    result = qn.run(CHAIN, path=tmp_path / "run", shots=100, seed=1, controls=True)
    again = qn.open_run(tmp_path / "run", protocol=CHAIN).result()
    assert again.figures == result.figures


@pytest.mark.parametrize("corrections", ["frame", "feedforward"])
def test_one_job_holds_everything(platform, tmp_path, monkeypatch, corrections):
    """The process dies before it submits; the next one submits the same circuits, in one job."""
    path = tmp_path / "run"
    options = {"shots": 200, "seed": 7, "max_qpu_seconds": 60, "corrections": corrections}
    with monkeypatch.context() as dead:
        dead.setattr(Run, "start", lambda run: run)
        left = qn.submit(qn.RepeaterChain(hops=2), "ibm:ibm_manila", path=path, controls=True, **options)
    assert left.status == "PREPARED" and not platform.jobs.records
    result = qn.open_run(path).result(LEVEL)
    assert len(platform.jobs.records) == 1
    assert set(result.predicted) == set(result.figures)
    assert {result[name].n for name in ("fidelity", "fidelity_uncorrected", "fidelity_swap_transport")} == {
        600
    }
    assert result["fidelity_uncorrected"].below(0.5) and result["fidelity_swap_transport"].above(0.5)
    assert result.provenance["corrections"] == corrections


def test_the_cost_counts_the_controls():
    plain = qn.estimate_cost(CHAIN, "aer:fake_kingston", shots=100)
    both = qn.estimate_cost(CHAIN, "aer:fake_kingston", shots=100, controls=True)
    assert (plain.circuits, both.circuits, both.jobs) == (3, 9, 1)
    assert both.seconds > plain.seconds


# -- what is refused -----------------------------------------------------------------------------------------------


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ParameterError, match=r"controls .* 1$"):
        qn.run(CHAIN, controls=1)
    with pytest.raises(ParameterError, match=r"controls .*corrections"):
        qn.run(CHAIN, controls=True, corrections="none")
    with pytest.raises(ParameterError, match="superdense-coding"):
        qn.run(qn.SuperdenseCoding(), controls=True)
    with pytest.raises(ParameterError, match=r"odd .*figures"):
        qn.run(Odd("none"), controls=True)


def test_a_protocol_without_a_baseline_says_so():
    said = "no comparison with direct transport: the protocol has no baseline"
    result = qn.run(qn.Ghz(), shots=100, seed=1, controls=True)
    assert said in result.notes
    assert not any(name.endswith("_swap_transport") for name in result.figures)
    assert said not in qn.run(qn.Ghz(), shots=100, seed=1).notes


def test_a_protocol_without_messages_has_its_baseline_alone():
    result = qn.run(qn.RepeaterChain(hops=1), shots=100, seed=1, controls=True)
    assert not any(name.endswith("_uncorrected") for name in result.figures)
    assert list(result.resources["controls"]) == ["swap_transport"]


@dataclass(frozen=True)
class Odd(qn.Protocol):
    """A chain whose baseline is what it is told."""

    name: ClassVar[str] = "odd"
    direct: str = "chain"

    def program(self, rng):
        """Return the chain's program."""
        program = bell_program(qn.Network.chain(2))
        items = [qn.Item(item.name, item.circuit, item.tags, shots=50 + k) for k, item in enumerate(program)]
        return qn.Program(items, () if self.direct == "none" else program.figures, program.network)

    def baseline(self):
        """Return a baseline."""
        chosen = {
            "chain": qn.RepeaterChain(hops=2),
            "chsh": qn.Chsh(hops=1),
            "swaps": qn.SwapTransport(hops=2),
        }
        return chosen[self.direct]


def test_a_baseline_must_be_direct_and_comparable():
    with pytest.raises(ProgramError, match="repeater-chain"):
        qn.run(Odd(), controls=True)
    with pytest.raises(ProgramError, match=r"chsh.*s_value"):
        qn.run(Odd("chsh"), controls=True)


def test_circuits_keep_the_shots_that_their_protocol_decides_on():
    run = qn.submit(Odd("swaps"), seed=1, controls=True)
    lengths = {name: len(next(iter(registers.values()))) for name, registers in run.outcomes().items()}
    assert [lengths[f"{name}_uncorrected"] for name in ("xx", "yy", "zz")] == [50, 51, 52]
    assert lengths["xx"] == 50 and lengths["xx_swap_transport"] == 4096


def test_wires_that_the_protocol_lacks_are_placed_apart_and_noted():
    @dataclass(frozen=True)
    class Narrow(Odd):
        """A chain of one hop, beside a transport over two."""

        def program(self, rng):
            """Return the program of one hop."""
            return bell_program(qn.Network.chain(1))

        def baseline(self):
            """Return a transport over more nodes."""
            return qn.SwapTransport(hops=2)

    program = program_of(Narrow(), 1)
    with pytest.raises(qn.LocalityError):
        program_of(Narrow(), 1, controls=True)
    loose = qn.Program(program.items, program.figures)
    from qnet_circuits.programs.controls import with_controls

    merged = with_controls(Narrow(), loose, lambda other: other.program(np.random.default_rng(0)))
    made = compile_for(merged, backend_of("aer:fake_kingston"), RunOptions())
    assert "swap_transport needs qubits that the protocol has not, and lies where it fits best" in made.notes
