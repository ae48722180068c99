"""Runs: options, seeds, directories, replay and re-analysis."""

import itertools
import json
import os
import re
import resource
import shutil
import signal
import stat
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from qiskit import qpy
from qiskit.primitives import StatevectorSampler
from qiskit.providers.fake_provider import GenericBackendV2
from scipy.stats import chi2

from qnet_circuits import version
from qnet_circuits.backends.ibm.stand_ins import fake_device
from qnet_circuits.backends.mock import MockBackend
from qnet_circuits.errors import (
    BackendError,
    LayoutError,
    NoShotsError,
    ParameterError,
    RecordError,
    UnknownNameError,
    UnsupportedError,
)
from qnet_circuits.programs.link import Link
from qnet_circuits.programs.network import Network
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.protocols.repeater_chain import RepeaterChain
from qnet_circuits.protocols.swap_transport import SwapTransport
from qnet_circuits.runs.results.result import Result
from qnet_circuits.runs.verbs import compile as compile_
from qnet_circuits.runs.verbs import open_run, replay, run, submit

CHAIN = RepeaterChain(hops=2, link_fidelity=0.9)


def test_the_same_seed_gives_the_same_result_and_another_does_not():
    first, again, other = (run(CHAIN, shots=500, seed=seed).figures for seed in (3, 3, 4))
    assert first == again
    assert first != other


def _streams(monkeypatch, seeds, **options):
    """Return the random streams (first, last) that Aer uses in runs with these seeds: seed + 2113 circuit + shot."""
    from qiskit_aer import AerSimulator

    streams, real = [], AerSimulator.run

    def watched(self, circuits, shots, seed_simulator):
        for k in range(len(circuits)):
            first = seed_simulator + 2113 * k
            streams.append((first, first + shots - 1))
        return real(self, circuits, shots=shots, seed_simulator=seed_simulator)

    monkeypatch.setattr(AerSimulator, "run", watched)
    for seed in seeds:
        run(CHAIN, seed=seed, corrections="feedforward", **options)
    return sorted(streams)


def test_circuits_chunks_and_runs_share_no_random_numbers(monkeypatch):
    streams = _streams(monkeypatch, [10, 11, 12], shots=4500)
    assert len(streams) == 3 * 3 * 3
    for (_, last), (first, _) in itertools.pairwise(streams):
        assert last < first


@pytest.mark.parametrize("corrections", ["feedforward", "frame"])
def test_runs_with_neighbouring_seeds_are_independent(corrections):
    """With Aer's own seeds, run s + 1 repeats all but one shot of run s, and their counts differ by one at most."""
    shots, pairs = 200, 10
    squares = 0.0
    for seed in range(0, 2 * pairs, 2):
        counts = [
            submit(CHAIN, shots=shots, seed=s, corrections=corrections).outcomes()["zz"]["swap"][:, 0].sum()
            for s in (seed, seed + 1)
        ]
        squares += (int(counts[0]) - int(counts[1])) ** 2 / (2 * shots * 0.25)
    low, high = chi2.ppf([5e-7, 1 - 5e-7], pairs)
    assert low < squares < high


def test_a_circuit_of_more_than_512_wires_runs():
    assert run(SwapTransport(hops=512), shots=10, seed=1).fidelity.value == 1.0


def test_options_that_cannot_be_honoured_raise():
    with pytest.raises(TypeError, match="shot"):
        run(CHAIN, shot=100)
    with pytest.raises(ParameterError, match=r"shots .*1 to 100000000.* 0"):
        run(CHAIN, shots=0)
    with pytest.raises(ParameterError, match=r"seed .*-1"):
        run(CHAIN, seed=-1)
    with pytest.raises(ParameterError, match=r"level .*2"):
        run(CHAIN, level=2)
    with pytest.raises(ParameterError, match=r"optimization_level .*0 to 3.* 4"):
        run(CHAIN, optimization_level=4)
    with pytest.raises(UnknownNameError, match="correction mode 'frames'"):
        run(CHAIN, corrections="frames")
    with pytest.raises(UnknownNameError, match="carrier 'boat'"):
        run(CHAIN, carrier="boat")
    with pytest.raises(UnknownNameError, match="backend 'air'"):
        run(CHAIN, "air")
    with pytest.raises(UnknownNameError, match=r"device 'fake_kingson'.*: fake_kingston"):
        run(CHAIN, "aer:fake_kingson")
    with pytest.raises(ParameterError, match=r"backend .* 7"):
        run(CHAIN, 7)
    with pytest.raises(ParameterError, match=r"protocol .*'repeater-chain'"):
        run("repeater-chain")
    with pytest.raises(UnsupportedError, match=r"layout .*device"):
        run(CHAIN, layout=[0, 1, 2, 3])


def test_layouts():
    result = run(CHAIN, "aer:fake_manila", shots=50, seed=1, layout=[0, 1, 2, 3])
    assert result.provenance["layout"] == [[0, 1, 2, 3]]
    assert result.resources["routing_swaps"] == 0
    for layout, message in (
        ([0, 1, 2], "4 qubits"),
        ([0, 1, 2, 2], r"\b2\b"),
        ([0, 1, 2, 9], "0 to 4"),
    ):
        with pytest.raises(LayoutError, match=message):
            run(CHAIN, "aer:fake_manila", layout=layout)
    with pytest.raises(LayoutError, match=r"6 wires.* 5 qubits"):
        run(RepeaterChain(hops=3), "aer:fake_manila")


@pytest.mark.parametrize("level", [0, 2])
def test_routing_puts_in_fenced_swaps_and_says_so(level):
    result = run(CHAIN, "aer:fake_manila", shots=2000, seed=1, layout=[0, 2, 1, 3], optimization_level=level)
    assert result.resources["routing_swaps"] > 0
    assert "SWAPs were put in" in " ".join(result.notes)
    compiled = compile_(
        RepeaterChain(hops=2), "aer:fake_manila", layout=[0, 2, 1, 3], optimization_level=level
    )
    assert compiled.verify() > 0
    ideal = run(RepeaterChain(hops=2), "ideal", shots=10, seed=1)
    assert ideal.fidelity.value == 1.0


def test_feedforward_needs_a_device_that_decides_in_real_time():
    with pytest.raises(UnsupportedError, match=r'fake_miami .*if_else.*corrections="frame"'):
        run(CHAIN, "aer:fake_miami", corrections="feedforward")
    with pytest.raises(UnsupportedError, match="one hop"):
        run(CHAIN, "aer:fake_manila", corrections="coherent")


def test_device_noise_is_noted_and_costs_fidelity():
    result = run(RepeaterChain(hops=2), "aer:fake_torino", shots=2000, seed=1)
    assert result.fidelity.below(0.999)
    assert "gates, readout, idle, feed-forward latency of 1.5 µs" in " ".join(result.notes)
    assert result.theory == {}


def test_qiskit_backends_and_samplers():
    chain = RepeaterChain(hops=2)
    generic = GenericBackendV2(4, coupling_map=[[0, 1], [1, 2], [2, 3]], seed=1)
    by_backend = run(chain, generic, shots=200, seed=1)
    assert by_backend.provenance["layout"] is not None
    by_sampler = run(chain, StatevectorSampler(seed=1), shots=300, seed=1)
    assert by_sampler.fidelity.value == 1.0
    with pytest.raises(UnsupportedError, match="emulate_links=True"):
        run(CHAIN, StatevectorSampler(seed=1), shots=300)


def test_emulated_errors_are_the_paulis_that_they_are():
    """A link that always errs by one Pauli turns the signs of two correlators, and which two says which Pauli."""
    signs = {(0, 1, 0, 0): (1, 1, -1), (0, 0, 1, 0): (-1, -1, -1), (0, 0, 0, 1): (-1, 1, 1)}
    for pauli, expected in signs.items():
        chain = RepeaterChain(network=Network.chain(2, [Link(pauli=pauli), Link()]))
        for mode in ("frame", "feedforward"):
            result = run(chain, "aer", shots=20, seed=1, emulate_links=True, corrections=mode)
            assert tuple(result[name].value for name in ("xx", "yy", "zz")) == expected


@pytest.mark.parametrize("mode", ["frame", "postselect"])
def test_emulated_links_reach_theory(mode):
    result = run(
        CHAIN,
        StatevectorSampler(seed=2),
        shots=4000,
        seed=2,
        emulate_links=True,
        corrections=mode,
        level=1 - 1e-6,
    )
    simulated = run(CHAIN, "ideal", shots=10, seed=2)
    assert simulated.theory["fidelity"] in result.fidelity
    assert "emulated" in " ".join(result.notes)


def test_emulated_links_in_feedforward_reach_theory():
    result = run(
        CHAIN, "aer", shots=4000, seed=2, emulate_links=True, corrections="feedforward", level=1 - 1e-6
    )
    assert result.theory["fidelity"] in result.fidelity


def test_results_from_elsewhere_are_analysed():
    compiled = compile_(RepeaterChain(hops=2))
    found = StatevectorSampler(seed=3).run([(c, None, 200) for c in compiled.circuits]).result()
    assert compiled.analyze(found)["fidelity"].value == 1.0
    with pytest.raises(ParameterError, match="3 circuits"):
        compiled.analyze(list(found)[:1])


def test_postselection_reports_its_acceptance():
    result = run(RepeaterChain(hops=3), shots=2000, seed=1, corrections="postselect", level=1 - 1e-6)
    assert 0.25 in result["acceptance"]
    with pytest.raises(NoShotsError, match="shots"):
        run(RepeaterChain(hops=3), shots=1, seed=6, corrections="postselect")


# -- on disk -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def directory(tmp_path):
    run(CHAIN, "aer:fake_manila", shots=300, seed=2, path=tmp_path / "run")
    return tmp_path / "run"


def test_a_result_says_what_it_was_made_with(directory):
    again = replay(directory)
    made = again.to_dict()["provenance"]
    assert made["versions"].keys() >= {
        "python",
        "qiskit",
        "qiskit-aer",
        "numpy",
        "scipy",
        "stim",
        "rustworkx",
        "cotengra",
    }
    assert made["versions"]["qiskit"] == metadata.version("qiskit")
    assert made["calibration_date"] == fake_device("fake_manila").calibration.date is not None
    assert made["source"] is None or re.fullmatch("[0-9a-f]{40}( with changes)?", made["source"])
    stored = json.loads((directory / "result.json").read_text())
    assert stored["provenance"] == made and Result.from_dict(stored).to_dict() == stored
    layout = " ".join(map(str, again.provenance["layout"][0]))
    for text in (str(again), again._repr_html_(), str(again.compare()), again.compare()._repr_html_()):
        assert "seed 2" in text and f"layout {layout}" in text and made["calibration_date"] in text
    assert {row["figure"]: row["n"] for row in again.rows()}["fidelity"] == "900"


def test_results_without_a_device_or_a_seed_say_less():
    ideal, exact = run(CHAIN, seed=2, shots=10), run(CHAIN, "exact:fake_manila")
    assert "seed 2" in str(ideal) and "layout" not in str(ideal)
    assert ideal.to_dict()["provenance"]["calibration_date"] is None
    assert "seed" not in str(exact) and "layout" in str(exact) and "n" not in exact.rows()[0]


def test_a_copy_of_the_package_that_is_no_working_copy_has_no_commit(monkeypatch, tmp_path):
    monkeypatch.setattr(version, "__file__", str(tmp_path / "qnet_circuits" / "version.py"))
    assert version.source_revision.__wrapped__() is None
    (tmp_path / ".git").write_text("gitdir: nowhere")
    assert version.source_revision.__wrapped__() is None


def test_a_run_directory_holds_what_the_design_says(directory):
    names = {file.name for file in directory.iterdir()} - {".lock"}
    assert names == {
        "manifest.json", "program.qpy", "compiled.qpy", "calibration.json", "outcomes.npz", "result.json",
    }  # fmt: skip
    manifest = json.loads((directory / "manifest.json").read_text())
    assert manifest["status"] == "COLLECTED"
    assert manifest["parameters"] == {"hops": 2, "link_fidelity": 0.9}
    calibration = json.loads((directory / "calibration.json").read_text())
    assert sum(value is not None for value in calibration["qubits"]["one_from_zero"]) == 4
    with open(directory / "program.qpy", "rb") as stored:
        circuits = qpy.load(stored)
    assert [i.operation.name for i in circuits[0].data].count("entangle") == 2


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_files_of_a_run_have_the_permissions_that_the_umask_leaves(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        run(CHAIN, "aer:fake_manila", shots=20, seed=2, path=tmp_path / "run")
    finally:
        os.umask(before)
    files = [file for file in (tmp_path / "run").iterdir() if file.name != ".lock"]
    assert len(files) == 6 and {stat.S_IMODE(file.stat().st_mode) for file in files} == {mode}


def test_replay_gives_the_stored_result_from_a_moved_directory(directory, tmp_path):
    stored = json.loads((directory / "result.json").read_text())
    shutil.move(directory, tmp_path / "elsewhere")
    again = replay(tmp_path / "elsewhere")
    assert {name: e.to_dict() for name, e in again.figures.items()} == stored["figures"]
    assert replay(tmp_path / "elsewhere", level=0.8).fidelity.level == 0.8


def test_emulated_noise_is_replayed_alike(tmp_path):
    first = run(
        CHAIN, StatevectorSampler(seed=2), shots=100, seed=2, emulate_links=True, path=tmp_path / "run"
    )
    assert replay(tmp_path / "run").figures == first.figures


def test_an_interrupted_run_goes_on(tmp_path):
    submit(CHAIN, "aer:fake_manila", shots=300, seed=2, path=tmp_path / "run")
    opened = open_run(tmp_path / "run")
    assert opened.status == "PREPARED"
    whole = run(CHAIN, "aer:fake_manila", shots=300, seed=2)
    assert opened.result().figures == whole.figures
    assert open_run(tmp_path / "run").status == "COLLECTED"


def test_a_run_that_failed_says_so_on_disk(tmp_path):
    with pytest.raises(BackendError, match="fetch"):
        run(RepeaterChain(hops=2), MockBackend(fail_at="fetch"), shots=10, path=tmp_path / "run")
    assert open_run(tmp_path / "run").status == "FAILED"
    with pytest.raises(RecordError, match="outcomes"):
        replay(tmp_path / "run")


def test_a_cancelled_run_stays_cancelled(tmp_path):
    submit(CHAIN, shots=10, seed=1, path=tmp_path / "run").cancel()
    with pytest.raises(RecordError, match="cancelled"):
        open_run(tmp_path / "run").result()


def test_a_directory_is_never_overwritten(directory):
    before = (directory / "outcomes.npz").read_bytes()
    with pytest.raises(RecordError, match=re.escape(str(directory))):
        run(CHAIN, shots=10, path=directory)
    assert (directory / "outcomes.npz").read_bytes() == before


@pytest.mark.parametrize("name", [".result.json.backup", ".manifest.json.original", ".outcomes.npz.20260101"])
def test_a_users_own_file_is_neither_cleared_away_nor_written_beside(name, directory, tmp_path):
    (tmp_path / "mine").mkdir()
    for file in (directory / name, tmp_path / "mine" / name):
        file.write_text("mine")
        os.utime(file, (0, 0))
    open_run(directory).cancel()
    assert (directory / name).read_text() == "mine"
    with pytest.raises(RecordError, match=re.escape(str(tmp_path / "mine"))):
        run(CHAIN, shots=10, path=tmp_path / "mine")


def test_a_field_that_cannot_be_written_down_is_refused_and_leaves_no_directory(tmp_path):
    @dataclass(frozen=True)
    class Given(Protocol):
        made: Program

        def program(self, rng):
            return self.made

    given = Given(CHAIN.program(None))
    with pytest.raises(RecordError, match="Program"):
        run(given, shots=10, path=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert run(given, shots=10, seed=1).fidelity.n == 30


def test_a_lock_that_is_a_link_empties_no_file(directory, tmp_path):
    (tmp_path / "mine").write_text("mine")
    (directory / ".lock").unlink(missing_ok=True)
    (directory / ".lock").symlink_to(tmp_path / "mine")
    with pytest.raises(RecordError, match="lock"):
        open_run(directory).cancel()
    assert (tmp_path / "mine").read_text() == "mine"


def test_torn_foreign_and_newer_directories(directory, tmp_path):
    with pytest.raises(RecordError, match="nothing"):
        open_run(tmp_path / "nothing")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "manifest.json").write_text('{"name": "a web app"}')
    with pytest.raises(RecordError, match="foreign"):
        open_run(tmp_path / "foreign")
    manifest = directory / "manifest.json"
    whole = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**whole, "schema": 99}))
    with pytest.raises(RecordError, match="schema 99"):
        open_run(directory)
    manifest.write_text(json.dumps(whole)[:200])
    with pytest.raises(RecordError, match="torn"):
        open_run(directory)
    manifest.write_text(json.dumps({key: value for key, value in whole.items() if key != "items"}))
    with pytest.raises(RecordError, match="items"):
        open_run(directory)
    manifest.write_text(json.dumps(whole))
    (directory / "outcomes.npz").write_bytes((directory / "outcomes.npz").read_bytes()[:100])
    with pytest.raises(RecordError, match=r"outcomes\.npz"):
        replay(directory)


@pytest.fixture
def bounded():
    """Let what reads for ever, or more than a gibibyte, fail, not stop the machine."""

    def late(*_):
        raise AssertionError("this reads for ever")

    before, limits = signal.signal(signal.SIGALRM, late), resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**30, limits[1]))
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    resource.setrlimit(resource.RLIMIT_AS, limits)


def _deep(levels):
    return lambda file, whole: file.write_text(
        whole.replace('"notes": [', '"notes": [' + "[" * levels + "]" * levels + ", ")
    )


def _number(text):
    return lambda file, whole: file.write_text(whole.replace('"theory": {', '"theory": {"fidelity": ' + text))


def _sparse(file, whole):
    file.write_text(whole)
    os.truncate(file, 2**40)


@pytest.mark.parametrize(
    "damage",
    [
        lambda file, whole: os.mkfifo(file), lambda file, whole: file.symlink_to("/dev/zero"), _sparse,
        _deep(200), _deep(100_000), _number("NaN"), _number("-Infinity"), _number("1e999"),
    ],
    ids=["pipe", "device", "sparse", "deep", "deeper", "nan", "infinite", "too large"],
)  # fmt: skip
def test_a_manifest_that_never_ends_or_is_no_strict_json_is_one_clear_error(directory, damage, bounded):
    manifest = directory / "manifest.json"
    whole = manifest.read_text()
    manifest.unlink()
    damage(manifest, whole)
    with pytest.raises(RecordError, match=r"manifest\.json"):
        open_run(directory)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": "x"}, {"seed": -1}, {"items": None}, {"items": []}, {"figures": [{}]}, {"notes": 3}, {"bounds": 3},
        {"options": {}}, {"seconds": None}, {"theory": None}, {"items": [{"name": "xx", "shots": 300}]},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_manifest_is_one_clear_error(directory, change):
    manifest = directory / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **change}))
    with pytest.raises(RecordError, match="damaged"):
        replay(directory)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("protocol",), []), (("layout",), 3), (("layout",), [3]), (("simulated",), "no"),
        (("jobs",), []), (("jobs", 0, "block"), 10**30),
        (("items", 0, "tags"), None), (("items", 0, "forms", "raw"), []),
        (("items", 0, "forms", "registers", "out", 0, 0), -1), (("items", 0, "forms", "registers", "out", 0, 0), 99),
        (("items", 0, "forms", "accept"), [[-1]]), (("items", 0, "forms", "emulated"), [[1, 1, 0, 0]]),
        (("figures", 0, "constant"), "x"), (("figures", 0, "ideal"), []), (("figures", 0, "null"), "x"),
        (("figures", 0, "drawn_from"), "x"), (("figures", 0, "physical"), [1]), (("figures", 0, "physical", 0), None),
        (("bounds", "fidelity"), 3), (("bounds", "fidelity", "entangled"), "x"), (("notes",), [None]),
        (("predicted",), {"fidelity": "x"}), (("theory",), {"fidelity": []}), (("theory",), {"fidelity": 10**400}),
    ],
    ids=lambda each: str(each)[:60],
)  # fmt: skip
def test_whatever_is_damaged_in_a_manifest_is_one_clear_error(directory, place, value):
    manifest = directory / "manifest.json"
    plain = inner = json.loads(manifest.read_text())
    for key in place[:-1]:
        inner = inner[key]
    assert value != inner[place[-1]]
    inner[place[-1]] = value
    manifest.write_text(json.dumps(plain))
    with pytest.raises(RecordError, match="damaged"):
        str(replay(directory))


def test_samplers_that_cannot_decide_are_refused_before_anything_runs():
    with pytest.raises(UnsupportedError, match=r'corrections="frame".*"postselect"'):
        run(RepeaterChain(hops=2), StatevectorSampler(), corrections="feedforward")


def test_control_flow_that_no_target_has_is_unsupported():
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    from qnet_circuits.programs.program import Item, Program

    circuit = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(1, "out"))
    with circuit.box():
        circuit.h(0)
    circuit.measure(0, 0)
    with pytest.raises(UnsupportedError, match="box"):
        compile_(Program([Item("box", circuit)]))


def test_a_fidelity_stays_in_its_physical_range():
    from qnet_circuits.protocols.teleportation import Teleportation

    for seed in range(5):
        fidelity = run(Teleportation(state=(0.5, 0.2)), shots=50, seed=seed).fidelity
        assert 0 <= fidelity.low <= fidelity.value <= fidelity.high <= 1


def test_outcomes_that_do_not_fit_the_program(directory):
    manifest = directory / "manifest.json"
    whole = json.loads(manifest.read_text())
    whole["items"][0]["shots"] = 7
    manifest.write_text(json.dumps(whole))
    with pytest.raises(RecordError, match=r"outcomes\.npz"):
        replay(directory)


@pytest.mark.parametrize(
    "resized", [lambda bits: bits[:0], lambda bits: bits[:-1], lambda bits: np.append(bits, bits[:1])]
)
def test_outcomes_that_are_cut_or_too_long_are_not_filled_up_or_left_out(directory, resized):
    with np.load(directory / "outcomes.npz") as stored:
        arrays = dict(stored)
    arrays["0/out"] = resized(arrays["0/out"])
    np.savez_compressed(directory / "outcomes.npz", **arrays)
    with pytest.raises(RecordError, match=r"outcomes\.npz"):
        replay(directory)


def test_another_protocol_analyses_stored_outcomes(directory):
    assert open_run(directory, protocol=RepeaterChain(hops=2)).result().fidelity == replay(directory).fidelity
    unknown = json.loads((directory / "manifest.json").read_text())
    unknown["protocol"] = "of-another-package"
    (directory / "manifest.json").write_text(json.dumps(unknown))
    assert replay(directory).fidelity.n == 900


def test_result_tables(directory):
    result = replay(directory)
    assert result.to_csv().splitlines()[0].startswith("figure,value,low,high")
    assert "<table>" in result._repr_html_()
    assert "repeater-chain on aer:fake_manila" in str(result)
    with pytest.raises(AttributeError, match="'fidelty'"):
        _ = result.fidelty
    from qnet_circuits.runs.results.result import Result

    assert Result.from_dict(json.loads(json.dumps(result.to_dict()))).figures == result.figures
