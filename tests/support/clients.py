"""Clients that may be killed: the command line in processes of its own, forked from one that has imported everything."""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import io
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import qnet_circuits
from tests.platform.environment import without_certificates

ROOT = Path(__file__).parents[2]
#: What would lead a client to another account, or elsewhere.
_FOREIGN = ("QISKIT_IBM", "IAM_URL", "GLOBAL_", "HOME")


class Ended(NamedTuple):
    """How a client ended.

    Args:
        killed: Whether it was killed.
        code: Its exit status.
        out: What it printed.
        err: What it printed on stderr.
    """

    killed: bool
    code: int | None
    out: str
    err: str


class Clients:
    """Starts clients, one at a time.

    Args:
        process: The process that they are forked from.
        environment: Their environment.
    """

    def __init__(self, process: subprocess.Popen[str], environment: Mapping[str, str]) -> None:
        self._process, self._environment = process, dict(environment)
        #: All that any client said.
        self.said = ""

    def qnet(
        self,
        *arguments: Any,
        die: Sequence[Any] | None = None,
        kill_after: float | None = None,
        environment: Mapping[str, str] | None = None,
        read_only: bool = False,
        listing_seconds: float = 0.2,
    ) -> Ended:
        """Run a command, and return how it ended.

        Args:
            arguments: Those of the command line.
            die: A step at which it kills itself: ``("before" | "after", "module:function")``, or ``("before" | "within" |
                "after", file name, n)`` for the n-th time that a file is written.
            kill_after: Seconds after which it is killed.
            environment: Its environment instead of the usual one.
            read_only: Whether no directory can be written in.
            listing_seconds: After how long the platform surely lists a job.
        """
        order = {
            "arguments": [str(argument) for argument in arguments],
            "die": die,
            "kill_after": kill_after,
            "environment": self._environment if environment is None else dict(environment),
            "read_only": read_only,
            "listing_seconds": listing_seconds,
        }
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        ended = Ended(**json.loads(self._process.stdout.readline()))
        self.said += ended.out + ended.err
        return ended


def bare(home: Path) -> dict[str, str]:
    """Return this process's environment without any account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT)}


@contextlib.contextmanager
def clients(environment: Mapping[str, str]) -> Iterator[Clients]:
    """Give clients with this environment."""
    command = [sys.executable, "-W", "error", "-m", "tests.support.clients"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Clients(process, environment)
    finally:
        process.communicate(timeout=30)


# -- in the process that clients are forked from -----------------------------------------------------------------------


def _serve() -> None:
    # What is imported stays, and clients share its memory, which a collection would copy.
    gc.disable()
    # Imported, and not used: whatever a client does, it does anew.
    for module in ("cotengra", "filelock", "qiskit_aer", "qiskit_ibm_runtime.transpiler", "stim"):
        importlib.import_module(module)
    for found in pkgutil.walk_packages(qnet_circuits.__path__, f"{qnet_circuits.__name__}."):
        importlib.import_module(found.name)
    without_certificates().start()
    gc.freeze()
    gc.enable()
    for line in sys.stdin:
        print(json.dumps(_forked(json.loads(line))), flush=True)


def _forked(order: dict[str, Any]) -> dict[str, Any]:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        with os.fdopen(write, "w") as file:
            json.dump(_client(order), file)
        os._exit(0)
    os.close(write)
    if order["kill_after"] is not None:
        time.sleep(order["kill_after"])
        os.kill(child, signal.SIGKILL)
    with os.fdopen(read) as file:
        said = file.read()
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    if killed:
        return {"killed": True, "code": None, "out": "", "err": ""}
    plain: dict[str, Any] = json.loads(said)
    return plain


def _client(order: dict[str, Any]) -> dict[str, Any]:
    from qnet_circuits.backends.ibm.processor import RuntimeBackend
    from qnet_circuits.cli.main import main
    from qnet_circuits.runs import remote_job as jobs

    os.environ.clear()
    os.environ.update(order["environment"])
    # A stand-in lists its jobs soon, and does not mind being asked.
    jobs.LOOKS, jobs.PATIENCE, jobs.FIRST_POLL = (0.0, 0.05), 0.1, 0.05  # type: ignore[assignment]
    RuntimeBackend.listing_seconds = order["listing_seconds"]
    if order["read_only"]:
        _seal()
    if order["die"]:
        _die_at(*order["die"])
    out, err = io.StringIO(), io.StringIO()
    code: Any = None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(order["arguments"])
        except SystemExit as exit_:
            code = exit_.code
        except BaseException as error:
            err.write(f"Traceback: {type(error).__name__}: {error}\n")
    return {"killed": False, "code": code, "out": out.getvalue(), "err": err.getvalue()}


def _seal() -> None:
    """Have no directory be writable, which the permissions of a file do not achieve for every user."""
    access = os.access
    os.access = lambda path, mode, **more: not mode & os.W_OK and access(path, mode, **more)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_at(when: str, what: str, count: int = 1) -> None:
    left = [count]

    def due() -> bool:
        left[0] -= 1
        return left[0] == 0

    if ":" in what:
        module, _, name = what.partition(":")
        *path, last = name.split(".")
        owner = functools.reduce(getattr, path, importlib.import_module(module))
        _hook(owner, last, when, lambda *_, **__: due())
    elif when == "before":
        # A file is whole or not there: it is written to another one, whose name begins like this, and then gets its name.
        _hook(os, "open", when, lambda path, *_, **__: Path(path).name.startswith(f".{what}.") and due())
    else:
        moment = "before" if when == "within" else when
        for naming in ("replace", "link"):
            _hook(os, naming, moment, lambda _, target, **__: Path(target).name == what and due())


def _hook(owner: Any, name: str, when: str, due: Callable[..., bool]) -> None:
    """Have a function kill this process before or after its work, where that is due."""
    real = getattr(owner, name)

    def dying(*arguments: Any, **options: Any) -> Any:
        mine = due(*arguments, **options)
        if mine and when == "before":
            _die()
        answer = real(*arguments, **options)
        if mine:
            _die()
        return answer

    setattr(owner, name, dying)


if __name__ == "__main__":
    _serve()
