"""What holds for tests and for the examples in docstrings."""

import gc
import sys
from collections.abc import Iterator

import pytest

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


@pytest.fixture(autouse=True)
def _figures_of_examples_are_closed(request):
    """Close what an example has drawn: more than twenty open figures are a warning, and tests look for their own."""
    yield
    if isinstance(request.node, pytest.DoctestItem) and "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
