"""A link benchmark in place of the calibration: programs lie where links were measured to be good."""

import json
import re
import shutil
from dataclasses import replace

import pytest

import qnet_circuits as qn
from qnet_circuits.compiling.measured_links import MeasuredLinks
from qnet_circuits.errors import LayoutError, ParameterError, QnetError, RecordError, UnsupportedError
from qnet_circuits.runs.kept import Kept
from qnet_circuits.runs.source import Source


def with_errors(device, errors):
    """Return a device with other errors of its cz, by coupling."""

    def changed(entry):
        pair = (min(entry.qubits), max(entry.qubits))
        return replace(entry, error=errors[pair]) if entry.name == "cz" and pair in errors else entry

    return replace(device, entries=tuple(map(changed, device.entries)))


def planted(length, good, calibrated=0.001, bad=0.2):
    """Return a line as its calibration has it, and as it is: good on some qubits alone, which its calibration likes least."""
    inside = {(k, k + 1) for k in good[:-1]}
    couplings = {(k, k + 1) for k in range(length - 1)}
    said = with_errors(qn.line_device(length), {edge: 2 * calibrated for edge in inside})
    real = with_errors(said, {edge: bad for edge in couplings - inside} | dict.fromkeys(inside, calibrated))
    return said, real


@pytest.mark.parametrize(("length", "hops"), [(12, 2), (12, 3), (40, 8)])
def test_a_chain_lies_on_the_links_that_were_measured_to_be_good(length, hops):
    good = range(3, 3 + 2 * hops)
    said, real = planted(length, good)
    chain = qn.RepeaterChain(hops=hops)
    for measured in (
        qn.predict(qn.LinkBenchmark(), real),
        qn.run(qn.LinkBenchmark(), real, shots=400, seed=1),
    ):
        compiled = qn.compile(chain, said, layout=measured)
        assert sorted(compiled.layout[0]) == list(good)
        assert [note for note in compiled.notes if note.startswith("placed by measured links")]
        assert compiled.verify() > 0
    assert sorted(qn.compile(chain, said).layout[0]) != list(good)


def test_readout_that_was_measured_counts_with_the_links():
    device = qn.line_device(6)
    noisy = replace(
        device,
        qubits=tuple(
            replace(qubit, one_from_zero=0.3) if k < 2 else qubit for k, qubit in enumerate(device.qubits)
        ),
    )
    result = qn.predict(qn.LinkBenchmark(), noisy)
    assert sorted(qn.compile(qn.RepeaterChain(hops=2), device, layout=result).layout[0]) == [2, 3, 4, 5]


@pytest.mark.parametrize("protocol", [qn.RepeaterChain(hops=2), qn.Ghz(parties=3)], ids=lambda p: p.id)
def test_qubits_that_were_not_measured_are_not_used(protocol):
    device, region = qn.grid_device(4, 4), {5, 6, 7, 9, 10, 11, 13, 14, 15}
    edges = [tuple(sorted(pair)) for pair in device.couplings if pair <= region]
    result = qn.predict(qn.LinkBenchmark(edges=edges), device)
    compiled = qn.compile(protocol, device, layout=result)
    assert {qubit for item in compiled for qubit in item.qubits} <= region
    assert compiled.verify() > 0
    figure = protocol.program(None).figures[0].name
    ideal = qn.predict(
        protocol, device, layout=result, noise={"gates": False, "readout": False, "idle": False}
    )
    assert ideal[figure].value == pytest.approx(1.0)


def test_couplings_that_were_not_measured_carry_no_gate():
    device = qn.grid_device(2, 3)
    edges = [(0, 1), (1, 2), (2, 5), (4, 5), (3, 4)]
    result = qn.predict(qn.LinkBenchmark(edges=edges), device)
    for compiled in (
        qn.compile(qn.RepeaterChain(hops=2), device, layout=result),
        qn.compile(qn.Ghz(parties=2), device, layout=result),
    ):
        for circuit in compiled.circuits:
            used = {
                tuple(sorted(circuit.find_bit(qubit).index for qubit in step.qubits))
                for step in circuit.data
                if step.name == "cz"
            }
            assert used <= set(edges)


@pytest.fixture
def benchmark(tmp_path):
    path = tmp_path / "benchmark"
    qn.run(qn.LinkBenchmark(), "aer:fake_manila", shots=300, seed=1, path=path)
    return path


def test_a_directory_is_as_good_as_its_result(benchmark):
    by_result = qn.compile(qn.RepeaterChain(hops=2), "aer:fake_manila", layout=qn.replay(benchmark))
    by_path = qn.compile(qn.RepeaterChain(hops=2), "aer:fake_manila", layout=benchmark)
    assert by_path.layout == by_result.layout
    assert f"in {benchmark}" in by_path.notes[0]
    plain = json.loads(json.dumps(qn.replay(benchmark).to_dict()))
    again = qn.compile(qn.RepeaterChain(hops=2), "aer:fake_manila", layout=qn.Result.from_dict(plain))
    assert again.layout == by_path.layout


def test_a_benchmark_that_was_measured_elsewhere_is_as_good(benchmark, tmp_path):
    compiled, where = qn.compile(qn.LinkBenchmark(), "aer:fake_manila"), tmp_path / "kept"
    compiled.keep(qn.open_run(benchmark).raw()[0], where, origin="a lab")
    chain, layouts = qn.RepeaterChain(hops=2), (benchmark, where, qn.replay(where))
    one, *others = (qn.compile(chain, "aer:fake_manila", layout=layout).layout for layout in layouts)
    assert others == [one, one]
    with pytest.raises(ParameterError, match=r"manila.*quito"):
        qn.compile(chain, "aer:fake_quito", layout=where)


def test_a_prepared_run_is_opened_again_without_the_benchmark(benchmark, tmp_path):
    chain, where = qn.RepeaterChain(hops=2), tmp_path / "run"
    prepared = qn.submit(chain, "aer:fake_manila", shots=50, seed=1, layout=str(benchmark), path=where)
    kept = json.loads((where / "manifest.json").read_text())["options"]["layout"]
    assert str(benchmark) in kept["source"]
    values = qn.replay(benchmark)
    assert kept["links"] == [
        [k, k + 1, pytest.approx(1 - values[f"fidelity_{k}_{k + 1}"].value)] for k in range(4)
    ]
    shutil.rmtree(benchmark)
    result = qn.open_run(where).result()
    assert result.provenance["layout"] == prepared.manifest["layout"]
    assert result.figures == prepared.result().figures
    assert any(note.startswith("placed by measured links") for note in result.notes)


def test_the_same_chip_under_another_name_is_the_same(benchmark):
    for where in ("exact:fake_manila", "local:fake_manila"):
        assert len(qn.compile(qn.RepeaterChain(hops=2), where, layout=benchmark).layout[0]) == 4


def test_on_the_command_line(benchmark, qnet):
    words = ["predict", "repeater-chain", "--set", "hops=2", "--layout", benchmark]
    status, out, _ = qnet(*words, "--on", "fake_manila", "--json")
    assert status == 0 and sorted(json.loads(out)["layout"][0]) in ([0, 1, 2, 3], [1, 2, 3, 4])
    status, out, err = qnet(*words, "--on", "fake_quito")
    assert status == 2 and out == "" and re.search("manila.*quito", err)


def of(protocol, where):
    return qn.run(protocol, where, shots=20, seed=1)


@pytest.mark.parametrize(
    ("measured", "device", "error", "message"),
    [
        ((qn.RepeaterChain(hops=2), "aer:fake_manila"), "aer:fake_manila", ParameterError, "repeater-chain"),
        ((qn.LinkBenchmark(kind="swap"), "aer:fake_manila"), "aer:fake_manila", ParameterError, "kind='swap'"),
        ((qn.LinkBenchmark(edges=((0, 1), (1, 2))), "aer"), "aer:fake_manila", ParameterError, "device"),
        ((qn.LinkBenchmark(), "aer:fake_quito"), "aer:fake_manila", ParameterError, "quito.* manila"),
        ((qn.LinkBenchmark(), "aer:fake_manila"), "ideal", UnsupportedError, "layout .*device"),
        ((qn.LinkBenchmark(edges=((0, 1), (1, 2))), "aer:fake_manila"), "aer:fake_manila", LayoutError,
         "4 qubits.* 3"),
        ((qn.LinkBenchmark(edges=((0, 1), (3, 4))), "aer:fake_manila"), "aer:fake_manila", LayoutError,
         "links"),
    ],
)  # fmt: skip
def test_what_is_no_benchmark_of_this_device_is_refused(measured, device, error, message):
    with pytest.raises(error, match=message) as caught:
        qn.compile(qn.RepeaterChain(hops=2), device, layout=of(*measured))
    assert "\n" not in str(caught.value)


def test_links_that_the_device_does_not_couple_are_refused(tmp_path):
    wide, narrow = tmp_path / "wide.json", qn.line_device(4)
    qn.grid_device(2, 2).save(wide)
    with pytest.raises(LayoutError, match=f"0-2.*{narrow.name}"):
        qn.compile(qn.RepeaterChain(hops=2), narrow, layout=of(qn.LinkBenchmark(), f"aer:{wide}"))


def test_directories_that_hold_no_benchmark_are_refused(tmp_path):
    with pytest.raises(ParameterError, match="'nowhere'"):
        qn.compile(qn.RepeaterChain(hops=2), "aer:fake_manila", layout="nowhere")
    with pytest.raises(RecordError):
        qn.compile(qn.RepeaterChain(hops=2), "aer:fake_manila", layout=tmp_path)
    qn.submit(qn.LinkBenchmark(), "aer:fake_manila", shots=20, seed=1, path=tmp_path / "run")
    with pytest.raises(RecordError, match="outcomes"):
        qn.compile(qn.RepeaterChain(hops=2), "aer:fake_manila", layout=tmp_path / "run")


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"links": [], "source": "it"},
        {"links": [[0, 1]], "source": "it"},
        {"links": [[0, 1, 1.5]], "source": "it"},
        {"links": [[0, "b", 0.5]], "source": "it"},
        {"links": 3, "source": "it"},
    ],
)
def test_a_manifest_with_damaged_links_is_one_clear_line(plain):
    with pytest.raises(QnetError):
        MeasuredLinks.from_dict(plain)


def test_measured_links_come_back_from_their_plain_form():
    links = MeasuredLinks(((0, 1, 0.25), (1, 2, 0.5)), "a benchmark")
    assert MeasuredLinks.from_dict(json.loads(json.dumps(links.to_dict()))) == links


@pytest.mark.parametrize("edges", [None, [(1, 2)]])
def test_a_processor_is_measured_and_its_run_prepared_again(edges, platform, tmp_path):
    where = tmp_path / "run"
    measured = qn.run(
        qn.LinkBenchmark(edges=edges), "ibm:ibm_manila", shots=50, seed=1, path=where, max_qpu_seconds=60
    )
    assert len(measured.figures) == (5 if edges is None else 1)
    compiled = Source(Kept.read(where)).compiled
    assert compiled.layout == measured.provenance["layout"]
    if edges is None:
        chain = qn.compile(qn.RepeaterChain(hops=2), "ibm:ibm_manila", layout=where)
        assert "link-benchmark on ibm:ibm_manila" in chain.notes[0]
        assert qn.compile(qn.RepeaterChain(hops=2), "aer:fake_manila", layout=where).layout == chain.layout
