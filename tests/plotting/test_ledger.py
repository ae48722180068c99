import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from qnet_circuits.errors import ParameterError
from qnet_circuits.plotting.ledger import plot_ledger
from qnet_circuits.protocols.bb84 import BB84
from qnet_circuits.protocols.repeater_chain import RepeaterChain
from qnet_circuits.qkd.postprocessing.key_ledger import Entry, KeyResult, Ledger
from qnet_circuits.qkd.postprocessing.keys import SecretKey
from qnet_circuits.runs.verbs import run
from tests.plotting.pictures import check_legible, texts, with_gid

ENTRIES = (
    Entry("test bits", 400, 800), Entry("phase errors", 250.25), Entry("reconciliation", 100, 100), Entry("rounding", 0.75),
)  # fmt: skip
KEY = KeyResult(SecretKey(np.zeros(249, np.uint8)), None, Ledger(2000, 2000, 1000, ENTRIES, 249))


@pytest.fixture(scope="module")
def results():
    rng_seed = 4
    clean = run(BB84(pulses=40_000, tolerance=0.01), seed=rng_seed)
    heard = run(BB84(pulses=4000, eve="intercept-resend"), seed=rng_seed)
    return {"key": clean, "alarm": heard}


def _bars(ax):
    return {patch.get_gid(): patch for patch in ax.patches if patch.get_gid()}


def _span(bar):
    ends = sorted([bar.get_x(), bar.get_x() + bar.get_width()])
    return pytest.approx(ends)


def test_bars_lead_from_the_sifted_bits_to_the_net_key():
    ax = plot_ledger(KEY)
    bars = _bars(ax)
    assert list(bars) == [
        "sifted bits",
        "test bits",
        "phase errors",
        "reconciliation",
        "rounding",
        "net key",
    ]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(bars)
    assert _span(bars["sifted bits"]) == [0, 1000]
    assert _span(bars["test bits"]) == [600, 1000]
    assert _span(bars["phase errors"]) == [349.75, 600]
    assert _span(bars["reconciliation"]) == [249.75, 349.75]
    assert _span(bars["net key"]) == [0, 249]
    check_legible(ax)


def test_both_numbers_of_each_cause_are_written():
    shown = texts(plot_ledger(KEY))
    assert shown == [
        "bits", "said aloud", "1,000", "", "−400", "800", "−250.2", "0", "−100", "100", "−0.8", "0", "249", "900",
    ]  # fmt: skip


def test_what_was_said_aloud_has_a_colour_of_its_own():
    ax = plot_ledger(KEY)
    bars = _bars(ax)
    colour = {name: bar.get_facecolor() for name, bar in bars.items()}
    assert colour["test bits"] == colour["reconciliation"] != colour["phase errors"] == colour["rounding"]
    legend = ax.get_legend()
    named = {
        text.get_text(): to_rgba(patch.get_facecolor())
        for text, patch in zip(legend.get_texts(), legend.get_patches(), strict=True)
    }
    assert named == {
        "said aloud": colour["test bits"],
        "not said, but lost to the key": colour["rounding"],
        "net key": colour["net key"],
    }


@pytest.mark.parametrize("which", ["key", "alarm"])
def test_the_account_of_a_run_is_drawn_whole_and_legible(results, which):
    result = results[which]
    ax = plot_ledger(result)
    bars, ledger = _bars(ax), result.ledger
    lost = math.fsum(abs(bars[entry["cause"]].get_width()) for entry in ledger["entries"])
    assert lost == pytest.approx(ledger["sifted"] - ledger["net_key"])
    assert bars["net key"].get_width() == ledger["net_key"]
    assert len(bars) == len(ledger["entries"]) + 2
    check_legible(ax)
    legend, label = ax.get_legend().get_window_extent(), ax.xaxis.label.get_window_extent()
    assert ax.figure.bbox.y0 < legend.y0 and legend.y1 < label.y0
    assert ax.figure.bbox.x1 > legend.x1
    assert ax.title.get_window_extent().y1 < ax.figure.bbox.y1


def test_a_key_and_a_refusal_are_told_in_the_title(results):
    key, alarm = results["key"], results["alarm"]
    assert key.ledger["net_key"] > 1000
    assert plot_ledger(key).get_title("left") == (
        f"bb84 on ideal: {key.ledger['net_key']:,} bits of key from 40,000 rounds"
    )
    ax = plot_ledger(alarm)
    assert ax.get_title("left") == f"bb84 on ideal: no key from 4,000 rounds\n{alarm.refused}"
    assert alarm.refused.startswith("qber")
    (thrown,) = with_gid(ax, "discarded after the alarm")
    assert thrown.get_hatch() and not _bars(ax)["test bits"].get_hatch()


def test_nothing_sifted_is_drawn():
    ax = plot_ledger(KeyResult(None, "lost: no round was detected by both", Ledger(10, 0, 0, (), 0)))
    assert list(_bars(ax)) == ["sifted bits", "net key"]
    check_legible(ax)


def test_given_axes_are_used():
    figure, ax = plt.subplots()
    assert plot_ledger(KEY, ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_a_result_without_an_account_is_refused():
    result = run(RepeaterChain(hops=1), shots=10, seed=1)
    with pytest.raises(ParameterError, match="repeater-chain on ideal"):
        plot_ledger(result)
