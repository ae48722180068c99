"""The distillation map: gains as theory has them, each that of its own line alone, and a picture that says who wins."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.errors import LayoutError, NoShotsError, ParameterError, UnknownNameError
from qnet_circuits.plotting.gains import plot_gains
from qnet_circuits.programs.conditions import Condition
from qnet_circuits.programs.distillation_gain import DistillationGain
from qnet_circuits.programs.events import Event
from qnet_circuits.programs.figures import Figure
from qnet_circuits.theory.bell_diagonal import correlators, hashing_yield, werner
from qnet_circuits.theory.distillation import dejmps
from qnet_circuits.theory.distillation_gain import gain_estimate, yields
from qnet_circuits.theory.estimate import Estimate
from tests.plotting.pictures import with_gid

LINE = ((0, 1), (1, 2), (2, 3))
NOISE = qn.NoiseParameters()


@pytest.mark.parametrize(("fidelity", "value"), [(0.8, 0.09319), (0.85, 0.16984 - 0.15242), (0.9, None)])
def test_theory_is_the_yield_of_one_round_beside_that_of_none(fidelity, value):
    theory = qn.DistillationMap(edges=LINE, link_fidelity=fidelity).theory(NOISE)
    made = dejmps(werner(fidelity), werner(fidelity))
    expected = made.success * hashing_yield(made.weights) / 2 - hashing_yield(werner(fidelity))
    assert theory == {"gain_1_2": pytest.approx(expected, abs=1e-12)}
    assert expected < 0 if value is None else expected == pytest.approx(value, abs=1.1e-5)


@pytest.mark.parametrize("scheme", ["dejmps", "bbpssw", "2-to-1"])
def test_exact_gains_are_theory(scheme):
    edges = [*LINE, (3, 4), (4, 5)]
    result = qn.predict(qn.DistillationMap(edges=edges, scheme=scheme))
    assert set(result.figures) == {"gain_1_2", "gain_2_3", "gain_3_4"} == set(result.bounds)
    for name, value in result.theory.items():
        assert result[name].value == pytest.approx(value, abs=1e-9)


def test_a_gain_is_that_of_its_line_alone_and_of_its_pairs():
    """It is what the protocol of a single pair, and the raw pair on the same qubits, come to."""
    device = qn.line_device(6, spread=0.5, two_qubit_error=0.004, readout_error=0.01, seed=3)
    noise = {"idle": False}
    result = qn.predict(qn.DistillationMap(), device, noise=noise)
    assert set(result.figures) == {"gain_1_2", "gain_2_3", "gain_3_4"}
    for b in (1, 2, 3):
        alone = qn.predict(
            qn.DistillationMap(edges=[(b - 1, b), (b, b + 1), (b + 1, b + 2)]), device, noise=noise
        )
        assert alone[f"gain_{b}_{b + 1}"].value == pytest.approx(result[f"gain_{b}_{b + 1}"].value, abs=1e-12)
    raw = qn.predict(qn.RepeaterChain(hops=1, link_fidelity=0.85), device, noise=noise, layout=[2, 3])
    pair = qn.Distillation(link_fidelity=0.85)
    kept = qn.predict(pair, device, noise=noise, layout=[1, 2, 3, 4])
    items = pair.program(None).items
    given = (Condition((("checks", 0), ("checks", 1))),)
    bits = (("out", 0), ("out", 1))
    means = [
        qn.predict(
            qn.Program(items, [Figure("mean", qn.parity(item.name, bits, given))]),
            device, noise=noise, layout=[1, 2, 3, 4],
        ).mean.value
        for item in items
    ]  # fmt: skip
    before = float(yields([raw[name].value for name in ("xx", "yy", "zz")]))
    expected = kept.acceptance.value * float(yields(means)) / 2 - before
    assert result.gain_2_3.value == pytest.approx(expected, abs=1e-9) and before > 0


def test_waiting_costs():
    device = qn.line_device(4, t1=1e-4, t2=1e-4, two_qubit_error=0.002, readout_error=0.002)
    maps = [qn.DistillationMap(wait=wait, link_fidelity=0.95) for wait in (0, 3e-6, 1e-3)]
    gains = [qn.predict(each, device).gain_1_2.value for each in maps]
    assert gains[0] > gains[1] > gains[2]


def test_sampled_gains_agree_with_exact_ones():
    protocol = qn.DistillationMap(link_fidelity=0.95)
    result = qn.run(protocol, "aer:fake_manila", shots=4000, seed=2, level=1 - 1e-6, predict=True)
    assert set(result.figures) == {"gain_1_2", "gain_2_3"}
    for name, estimate in result.figures.items():
        assert result.predicted[name] in estimate and estimate.high - estimate.low < 0.3


def test_intervals_of_gains_cover(rng):
    """At level 95 %, where both pairs leave something; by repetition."""
    raw = werner(0.9)
    made = dejmps(raw, raw)
    shares = []
    for weights, success in ((made.weights, made.success), (raw, 1.0)):
        equal = [(1 + mean) / 2 for mean in correlators(weights).values()]
        shares.append([[success * e, success * (1 - e), 1 - success] for e in equal])
    true = made.success * hashing_yield(made.weights) / 2 - hashing_yield(raw)
    inside = 0
    for _ in range(300):
        kept, before = (np.array([rng.multinomial(500, row) for row in rows]) for rows in shares)
        inside += true in gain_estimate(kept, before[:, :2], 2, 0.95, rng)
    assert inside >= 265  # fewer with probability 1e-6 if 95 % cover


def test_yields_are_those_of_weights(rng):
    for weights in rng.dirichlet([6, 1, 1, 1], size=10):
        assert float(yields([*correlators(weights).values()])) == pytest.approx(hashing_yield(weights))
    # No pair has these, as chance may have it: the negative weight of Psi- is left out.
    assert float(yields([1, -1, 0.9])) == pytest.approx(
        hashing_yield((0.975 / 1.025, 0.025 / 1.025, 0, 0.025 / 1.025))
    )


def some(**gains):
    figures = {
        f"gain_{name}": Estimate(value, value - half, value + half, 0.95, "made up", 100)
        for name, (value, half) in gains.items()
    }
    about = {"protocol": "distillation-map", "backend": "aer:fake_manila"}
    about["parameters"] = {"edges": [[k, k + 1] for k in range(6)]}
    return qn.Result(figures, provenance=about, notes=("simulated on fake_manila's calibration",))


def test_the_picture_says_who_wins():
    result = some(**{"1_2": (0.05, 0.01), "2_3": (-0.02, 0.01), "3_4": (0.0, 0.0), "4_5": (0.01, 0.02)})
    ax = result.plot()
    ends = {
        kind: [list(line.get_xdata()) for line in with_gid(ax, kind)]
        for kind in ("distil", "direct", "never", "open", "unmeasured")
    }
    assert ends == {
        "distil": [[1, 2]],
        "direct": [[2, 3]],
        "never": [[3, 4]],
        "open": [[4, 5]],
        "unmeasured": [[0, 1], [5, 6]],
    }
    said = {text.get_text() for text in ax.get_legend().get_texts()}
    assert {"distilling wins: 1", "the direct link wins: 1", "undecided: 1"} <= said
    assert ax.get_title() == "distillation-map on aer:fake_manila (simulated)"
    plt.close("all")
    with pytest.raises(ParameterError, match="distillation-map"):
        plot_gains(qn.predict(qn.RepeaterChain(hops=1)))


def test_a_run_is_opened_again(tmp_path):
    run = qn.submit(qn.DistillationMap(edges=LINE), shots=200, seed=2, path=tmp_path / "run")
    assert qn.open_run(tmp_path / "run").result().figures == run.result().figures


def test_gains_are_not_mitigated_and_say_so():
    result = qn.run(qn.DistillationMap(), "aer:fake_manila", shots=500, seed=2, mitigate=True)
    assert not result.mitigated and any("gain_1_2 is not mitigated" in note for note in result.notes)


def test_a_gain_without_a_kept_pair_has_no_value(rng):
    kept, raw = (
        tuple(Event(f"{what}_{k}", (("out", 0), ("out", 1))) for k in range(3)) for what in ("kept", "raw")
    )
    kept = DistillationGain(tuple(Event(e.item, e.bits, (), (("out", 2, 1),)) for e in kept), raw)
    outcomes = {event.item: {"out": np.zeros((50, 3), bool)} for event in kept.events}
    with pytest.raises(NoShotsError, match="kept"):
        Figure("gain", kept).estimate(outcomes)


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"edges": [(0, 0)]}, ParameterError, "[0, 0]"),
        ({"edges": []}, ParameterError, "edges must hold"),
        ({"scheme": "3-to-1"}, UnknownNameError, "3-to-1"),
        ({"link_fidelity": 0.1}, ParameterError, "link fidelity"),
        ({"wait": -1}, ParameterError, "wait"),
        ({"wait": float("nan")}, ParameterError, "wait"),
    ],
)
def test_wrong_fields_are_one_clear_line(fields, error, said):
    with pytest.raises(error) as caught:
        qn.DistillationMap(**fields)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_what_cannot_run_says_what_to_do():
    with pytest.raises(ParameterError, match=r"--on exact:fake_torino.*edges"):
        qn.predict(qn.DistillationMap())
    with pytest.raises(ParameterError, match="no line of four"):
        qn.predict(qn.DistillationMap(edges=[(0, 1), (1, 2)]))
    with pytest.raises(LayoutError, match="fake_manila"):
        qn.predict(qn.DistillationMap(edges=[(0, 2), (2, 4), (4, 1)]), "fake_manila")


@pytest.mark.parametrize(
    "make",
    [
        lambda kept, raw: DistillationGain(kept[:2], raw),
        lambda kept, raw: DistillationGain(raw, raw),
        lambda kept, raw: DistillationGain(kept, kept),
        lambda kept, raw: DistillationGain(kept, raw, 1),
    ],
)
def test_what_is_no_gain_is_refused(make):
    bits, given = (("out", 0), ("out", 1)), (("out", 2, 0),)
    kept, raw = (tuple(Event(f"c{k}", bits, (), each) for k in range(3)) for each in (given, ()))
    with pytest.raises(ParameterError) as caught:
        make(kept, raw)
    assert "\n" not in str(caught.value)
