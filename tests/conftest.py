"""Fixtures of the whole suite."""

import hashlib
import os

# Each worker has a core: threads of one would wait for those of another. NumPy reads this once, when it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections import Counter
from collections.abc import Callable, Iterator

import matplotlib
import numpy as np
import pytest

from qnet_circuits.cli.main import main
from qnet_circuits.compiling.choosing import Ranking
from qnet_circuits.runs.shared import forget
from tests.platform.server import PlatformServer

matplotlib.use("Agg")
os.environ.setdefault("QISKIT_PARALLEL", "FALSE")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the cases of a test that is marked ``one_in(k)``, every k-th is run by ``make test``, and the others are slow."""
    seen: Counter[str] = Counter()
    for item in items:
        mark = item.get_closest_marker("one_in")
        if mark is not None:
            test = item.nodeid.split("[")[0]
            if seen[test] % mark.args[0]:
                item.add_marker(pytest.mark.slow)
            seen[test] += 1


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Return a random stream that depends on the test's name alone, so that the order of tests does not matter."""
    digest = hashlib.sha256(request.node.nodeid.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


@pytest.fixture(autouse=True, scope="session")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have this machine's journal of runs be one of the tests'."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True)
def nothing_compiled() -> None:
    """Have each test compile what it runs, as a process of its own would; where that goes is predicted once."""
    forget(choices=False)


@pytest.fixture
def any_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have programs placed by the calibration alone, where the test holds at any place: comparing places takes longest."""
    monkeypatch.setattr(Ranking, "most", staticmethod(lambda circuits: 1))


@pytest.fixture
def qnet(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return what gives the command line arguments, and returns its exit status, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(map(str, arguments)))
        return ended.value.code, *capsys.readouterr()

    return call


@pytest.fixture
def platform() -> Iterator[PlatformServer]:
    """Return a stand-in of IBM's platform with one small processor, ``ibm_manila``; the environment names it alone."""
    with PlatformServer(["FakeManilaV2"]).in_environment() as server:
        yield server
