"""A backend with prepared answers, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qnet_circuits.backends.base import Backend, Keep, Progress, Raw, Work
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.errors import BackendError


class MockBackend(Backend):
    """A backend for tests: it returns random bits or given outcomes, and can fail on request.

    Args:
        outcomes: For each circuit its registers, bool arrays (shots, width). Default: fair random bits.
        fail_at: ``submit`` or ``fetch``: the method that raises BackendError. Default: none.
        polls: The number of polls that return QUEUED before DONE.

    Example:
        >>> MockBackend(fail_at="fetch").name
        'mock'
    """

    name = "mock"
    simulates_links = True

    def __init__(self, outcomes: Sequence[Raw] | None = None, fail_at: str = "", polls: int = 0) -> None:
        self._outcomes, self._fail_at, self._polls = outcomes, fail_at, polls
        self.submitted: list[Compiled] = []
        self._tagged: dict[str, Any] = {}

    def submit(self, compiled: Compiled, shots: Sequence[int], seed: int, tag: str = "") -> Work:
        """Remember the circuits."""
        if self._fail_at == "submit":
            raise BackendError("the mock backend was told to fail at submit")
        self.submitted.append(compiled)
        ticket = Work(compiled, tuple(shots), seed)
        self._tagged[tag] = ticket
        return ticket

    def poll(self, ticket: Any) -> str:
        """Return QUEUED for the given number of polls, then DONE."""
        self._polls -= 1
        return "QUEUED" if self._polls >= 0 else "DONE"

    def fetch(self, ticket: Work, progress: Progress | None = None, keep: Keep | None = None) -> list[Raw]:
        """Return the outcomes."""
        if self._fail_at == "fetch":
            raise BackendError("the mock backend was told to fail at fetch")
        if self._outcomes is not None:
            return list(self._outcomes)
        rng = np.random.default_rng(ticket.seed)
        return [
            {reg.name: rng.random((count, reg.size)) < 0.5 for reg in item.circuit.cregs}
            for item, count in zip(ticket.compiled, ticket.shots, strict=True)
        ]

    def find(self, tag: str) -> Any | None:
        """Return the ticket with a tag."""
        return self._tagged.get(tag)
