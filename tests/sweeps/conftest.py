"""Sweeps."""

import pytest


@pytest.fixture
def path(tmp_path):
    """Return where rows are kept."""
    return tmp_path / "rows.jsonl"
