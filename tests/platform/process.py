"""The platform as a process of its own, which outlives a client that is killed."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from tests.platform.environment import environment
from tests.platform.server import CONTROL

ROOT = Path(__file__).parents[2]


class Control:
    """Steers a platform that runs elsewhere.

    Args:
        url: Its address.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.environment = environment(url)
        self._open = build_opener(ProxyHandler({})).open

    def ask(self, what: str, **data: Any) -> Any:
        """Ask for ``faults``, ``job_faults``, ``heal``, ``set``, ``jobs`` or ``log``; see ``PlatformServer.control``."""
        request = Request(f"{self.url}{CONTROL}{what}", data=json.dumps(data).encode(), method="POST")
        with self._open(request, timeout=10) as answer:
            return json.load(answer)

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """What the platform knows of its jobs."""
        found: list[dict[str, Any]] = self.ask("jobs")
        return found


@contextlib.contextmanager
def platform_process(*arguments: str) -> Iterator[Control]:
    """Run ``python -m tests.platform`` with these arguments, and give its control."""
    command = [sys.executable, "-m", "tests.platform", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Control(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.communicate(timeout=10)
