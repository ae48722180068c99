"""Sweeps in this process."""

from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture
def here():
    """Return an executor of this process."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def path(tmp_path):
    """Return where rows are kept."""
    return tmp_path / "rows.jsonl"
