"""Figures that a test made are closed after it."""

import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def _closed():
    assert not plt.get_fignums()
    yield
    plt.close("all")
