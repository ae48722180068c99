"""A platform elsewhere that lives in this process, for tests of runs."""

import pytest

from tests.support.elsewhere import Platform, RemoteBackend, Time, found_by_name


@pytest.fixture
def elsewhere(monkeypatch):
    """The platform of ``ibm:nowhere``, which is found by that name."""
    made = Platform()
    found_by_name(monkeypatch, lambda: RemoteBackend(made))
    return made


@pytest.fixture
def slept(monkeypatch):
    """Pauses take no time; how long they would have taken is looked at where it matters."""
    made = Time()
    monkeypatch.setattr(RemoteBackend, "clock", made)
    return made.pauses
