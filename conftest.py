"""What holds for tests and for the examples in docstrings."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.doctest import DoctestModule

# What is imported and collected stays: looking through it again and again takes as long as making it.
gc.disable()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Have the garbage collector look at what tests make, not at each small thing, and never at what was collected."""
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path) -> Iterator[list[pytest.Collector]]:
    """Look for examples in files that have any: to search all objects of all tests takes every worker seconds."""
    found = yield
    if found and ">>>" not in file_path.read_text(encoding="utf-8"):
        found = [each for each in found if not isinstance(each, DoctestModule)]
    return found


@pytest.fixture(autouse=True)
def _figures_of_examples_are_closed(request):
    """Close what an example has drawn: more than twenty open figures are a warning, and tests look for their own."""
    yield
    if isinstance(request.node, pytest.DoctestItem) and "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
