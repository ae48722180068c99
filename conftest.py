"""Examples in docstrings leave no figure open: more than twenty of them are a warning, and tests look for their own."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _figures_of_examples_are_closed(request):
    yield
    if isinstance(request.node, pytest.DoctestItem) and "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
