"""The check of pictures finds what it is for, and what a plot shows is written with it."""

import matplotlib.pyplot as plt
import pytest
from PIL import Image

import qnet_circuits as qn
from tests.plotting.pictures import check_legible


def drawn(*more, size=9.0, words="Two words."):
    """Return axes with a text at each of several places."""
    _, ax = plt.subplots()
    ax.set_label(words)
    for x, text in ((0.2, "one"), *more):
        ax.text(x, 0.5, text, size=size)
    return ax


def test_texts_apart_are_legible():
    check_legible(drawn((0.6, "other")))


@pytest.mark.parametrize(
    ("ax", "said"),
    [
        (lambda: drawn((0.22, "other")), "overlaps"),
        (lambda: drawn((1.1, "far outside of the page")), "cut"),
        (lambda: drawn((0.6, "other"), size=6.9), "points"),
        (lambda: drawn((0.6, "other"), words=""), "alt text"),
    ],
)
def test_a_planted_fault_is_found(ax, said):
    with pytest.raises(AssertionError, match=said):
        check_legible(ax())


def test_a_tick_that_overlaps_another_is_found():
    ax = drawn()
    ax.set_xticks([0.2, 0.21], ["a long name", "another one"])
    with pytest.raises(AssertionError, match="overlaps"):
        check_legible(ax)


@pytest.mark.parametrize("kind", ["png", "svg", "pdf", "jpg"])
def test_words_are_in_the_file(kind, tmp_path):
    path = tmp_path / f"plot.{kind}"
    ax = qn.plot_network(qn.Network.chain(2))
    qn.save_plot(ax, path)
    words = qn.alt_text(ax)
    assert words == qn.alt_text(ax.figure) and "3 nodes" in words
    if kind == "png":
        with Image.open(path) as image:
            assert image.info["Description"] == words
    elif kind != "jpg":
        assert words.encode() in path.read_bytes()


def test_words_of_several_plots_on_the_same_axes_are_all_there():
    _, ax = plt.subplots()
    for hops in (2, 3):
        qn.plot_network(qn.Network.chain(hops), ax)
    assert "3 nodes" in qn.alt_text(ax) and "4 nodes" in qn.alt_text(ax)
