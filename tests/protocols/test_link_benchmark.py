"""The link benchmark: every coupling once, in as few circuits as can be, each figure that of its own link."""

import itertools
from collections import Counter

import pytest

import qnet_circuits as qn
from qnet_circuits.backends.registry import device_of
from qnet_circuits.devices.summary import couplings_by_use
from qnet_circuits.errors import LayoutError, ParameterError, UnknownNameError
from qnet_circuits.programs.colouring import edge_classes, line_classes, lines_of

LEVEL = 1 - 1e-6
DEVICES = {
    "fake_torino": "fake_torino", "fake_kingston": "fake_kingston", "grid": qn.grid_device(5, 6),
    "line": qn.line_device(7), "heavy hex": qn.heavy_hex_device(3, 8),
}  # fmt: skip


def couplings(device):
    return couplings_by_use(device_of(device).calibration)[0]


def most_at_a_qubit(edges):
    return max(Counter(qubit for edge in edges for qubit in edge).values())


@pytest.mark.parametrize("name", DEVICES)
def test_edges_are_coloured_with_as_few_colours_as_can_be(name):
    edges = couplings(DEVICES[name])
    classes = edge_classes(edges)
    assert sorted(edge for each in classes for edge in each) == edges
    for each in classes:
        assert max(Counter(itertools.chain(*each)).values()) == 1
    assert len(classes) == most_at_a_qubit(edges)
    program = qn.LinkBenchmark().on_couplings(edges).program(None)
    assert len(program.items) == 3 * most_at_a_qubit(edges)


def test_edges_that_need_one_colour_more_get_it():
    triangle = [(0, 1), (0, 2), (1, 2)]
    assert [len(each) for each in edge_classes(triangle)] == [1, 1, 1]


@pytest.mark.parametrize("name", DEVICES)
def test_lines_have_every_coupling_that_can_be_in_their_middle(name):
    edges = couplings(DEVICES[name])
    degree = Counter(qubit for edge in edges for qubit in edge)
    lines = lines_of(edges)
    known = {frozenset(edge) for edge in edges}
    for line in lines:
        assert len(set(line)) == 4
        assert all(frozenset(pair) in known for pair in itertools.pairwise(line))
    assert [line[1:3] for line in lines] == [edge for edge in edges if min(degree[q] for q in edge) > 1]
    classes = line_classes(lines)
    assert sorted(line for each in classes for line in each) == sorted(lines)
    assert all(max(Counter(itertools.chain(*each)).values()) == 1 for each in classes)


@pytest.mark.parametrize("kind", ["edge", "swap"])
def test_links_with_noise_reach_theory(kind):
    benchmark = qn.LinkBenchmark(edges=couplings(qn.grid_device(3, 3)), kind=kind, link_fidelity=0.9)
    result = qn.predict(benchmark)
    assert set(result.theory) == set(result.figures) and len(result.theory) > 10
    expected = 0.9 if kind == "edge" else 0.25 + 0.75 * ((4 * 0.9 - 1) / 3) ** 2
    for name, value in result.theory.items():
        assert value == pytest.approx(expected)
        assert result[name].value == pytest.approx(value)


@pytest.mark.parametrize(("kind", "hops"), [("edge", 1), ("swap", 2)])
def test_a_figure_is_that_of_its_own_link_alone(kind, hops):
    """Without waiting, links that run at the same time do not matter to each other."""
    device = qn.line_device(7, spread=0.8, two_qubit_error=0.02, readout_error=0.03, seed=3)
    result = qn.predict(qn.LinkBenchmark(kind=kind), device, noise={"idle": False})
    values = set()
    for name, estimate in result.figures.items():
        if name != "mean_fidelity":
            line = [int(qubit) for qubit in name.split("_")[1:]]
            alone = qn.predict(
                qn.RepeaterChain(hops=hops), device, noise={"idle": False}, layout=line
            ).fidelity
            assert estimate.value == pytest.approx(alone.value, abs=1e-12)
            values.add(round(alone.value, 6))
    assert len(values) == len(result.figures) - 1
    mean = sum(e.value for n, e in result.figures.items() if n != "mean_fidelity") / len(values)
    assert result.mean_fidelity.value == pytest.approx(mean)


@pytest.mark.parametrize("device", ["fake_manila", "fake_lagos"])
@pytest.mark.parametrize("kind", ["edge", "swap"])
def test_sampled_and_exact_figures_agree_on_a_whole_device(device, kind):
    result = qn.run(
        qn.LinkBenchmark(kind=kind), f"aer:{device}", shots=1500, seed=5, level=LEVEL, predict=True
    )
    assert set(result.predicted) == set(result.figures)
    for name, estimate in result.figures.items():
        assert result.predicted[name] in estimate
    assert all(name in result.bounds for name in result.figures if name != "mean_fidelity")


def test_couplings_whose_calibration_failed_are_left_out_and_named():
    usable, failed = couplings_by_use(device_of("fake_torino").calibration)
    assert (85, 86) in failed and len(usable) + len(failed) == 150
    found = qn.submit(qn.LinkBenchmark(), "aer:fake_torino", shots=10, seed=1, dry_run=True)
    named = [note for note in found.notes if note.startswith("left out")]
    assert len(named) == 1 and "85-86" in named[0]
    assert [tuple(edge) for edge in found.protocol.parameters["edges"]] == usable
    chosen = qn.compile(qn.LinkBenchmark(edges=[(85, 86)]), "aer:fake_torino")
    assert chosen.layout == [[85, 86]]


def test_circuits_lie_where_the_benchmark_wants_them():
    compiled = qn.compile(qn.LinkBenchmark(edges=[(1, 2), (3, 4), (2, 3)]), "aer:fake_manila")
    assert compiled.layout == [[1, 2, 3, 4], [2, 3]]
    assert compiled.verify() > 0


def test_a_run_of_the_whole_device_is_opened_again(tmp_path):
    run = qn.submit(qn.LinkBenchmark(), "aer:fake_manila", shots=50, seed=2, path=tmp_path / "run")
    again = qn.open_run(tmp_path / "run").result()
    assert again.figures == run.result().figures
    assert again.provenance["parameters"]["edges"] == [[0, 1], [1, 2], [2, 3], [3, 4]]


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"edges": [(0, 0)]}, ParameterError, "[0, 0]"),
        ({"edges": [(0, 1), (1, 0)]}, ParameterError, "[0, 1]"),
        ({"edges": [(0, 1, 2)]}, ParameterError, "[0, 1, 2]"),
        ({"edges": [(0, -1)]}, ParameterError, " -1"),
        ({"edges": [0, 1]}, ParameterError, "[[0, 1], [1, 2]]"),
        ({"edges": []}, ParameterError, "edges must hold"),
        ({"kind": "star"}, UnknownNameError, "star"),
        ({"link_fidelity": 0.1}, ParameterError, "link fidelity"),
    ],
)
def test_wrong_fields_are_one_clear_line(fields, error, message):
    with pytest.raises(error) as caught:
        qn.LinkBenchmark(**fields)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_what_cannot_run_says_what_to_do():
    with pytest.raises(ParameterError, match=r"--on aer:fake_torino.*edges"):
        qn.run(qn.LinkBenchmark())
    with pytest.raises(ParameterError, match="kind='edge'"):
        qn.run(qn.LinkBenchmark(edges=[(0, 1)], kind="swap"))
    with pytest.raises(LayoutError, match=r"0 and 4.*fake_manila"):
        qn.run(qn.LinkBenchmark(edges=[(0, 4)]), "aer:fake_manila")
    with pytest.raises(LayoutError, match="0 to 4"):
        qn.run(qn.LinkBenchmark(edges=[(4, 5)]), "aer:fake_manila")
    with pytest.raises(ParameterError, match="layout"):
        qn.run(qn.LinkBenchmark(), "aer:fake_manila", layout=[0, 1])


def test_describe_needs_no_edges(qnet):
    status, said, _ = qnet("describe", "link-benchmark")
    assert status == 0 and "edge colouring" in said and "run it on a device" in said


def test_many_edges_are_counted_in_the_name():
    benchmark = qn.LinkBenchmark(edges=couplings("fake_torino"))
    assert benchmark.id == "link-benchmark(139 edges, kind=edge, link_fidelity=1.0)"
    assert (
        qn.LinkBenchmark(edges=[(0, 1)]).id == "link-benchmark(edges=[(0, 1)], kind=edge, link_fidelity=1.0)"
    )
