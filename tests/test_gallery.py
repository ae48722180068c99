"""The gallery has every plot, and its code is short and runs. ``make docs`` and ``make gallery`` run all of it."""

import importlib.util
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import qnet_circuits as qn
from tests.plotting.pictures import check_legible

PATH = Path(__file__).parents[1] / "docs" / "_site" / "gallery_page.py"
#: Those whose code takes little time.
QUICK = (
    "network",
    "long-network",
    "circuit",
    "long-circuit",
    "sent-qubit",
    "density-matrix",
    "break-even",
    "estimates",
)


@pytest.fixture(scope="module")
def entries():
    spec = importlib.util.spec_from_file_location("gallery_page", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {entry.name: entry for entry in module.ENTRIES}, module.page()


def test_every_plot_is_in_the_gallery(entries):
    code = "".join(entry.code for entry in entries[0].values())
    assert [name for name in qn.__all__ if name.startswith("plot_") and f"qn.{name}" not in code] == []


def test_the_code_is_short_and_on_the_page(entries):
    found, page = entries
    for entry in found.values():
        assert len(entry.code.splitlines()) <= 15, entry.name
        assert entry.code in page and entry.title in page and entry.sentence.endswith(".")
        compile(entry.code, entry.name, "exec")


@pytest.mark.parametrize("name", QUICK)
def test_the_code_draws_a_legible_plot(entries, name):
    check_legible(entries[0][name].draw())
    plt.close("all")
