"""A run's job elsewhere: looked for before it is made, written down before and after, and watched until it ends.

Whatever dies in between, process or connection, the manifest says what may exist, and the job carries the run's id as a tag. So
nothing that was created is lost, and nothing is paid for twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from qnet_circuits.backends.base import Backend
from qnet_circuits.errors import (
    AccountError,
    BackendError,
    BusyError,
    JobMissingError,
    RefusedError,
    UnreachableError,
    UnsupportedError,
    VerificationError,
)

#: Seconds before each look for a job that may exist: a new one takes a while to be listed.
LAG = (0.0, 1.0, 2.0, 4.0, 8.0)
#: Seconds between polls, at first and at most, and how much longer each is than the one before.
FIRST_POLL, LAST_POLL, SLOWER = 1.0, 30.0, 1.5
#: Polls in a row that may fail before the caller is told.
MOST_FAILURES = 6
ENDED = ("DONE", "FAILED", "CANCELLED")
Save = Callable[..., None]


class Job:
    """One job of a run.

    Args:
        backend: A remote backend.
        entry: The job's entry in the run's manifest, as it is kept up to date: its tag, its status, its ticket.
        save: Changes the entry, on disk before it returns.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self,
        backend: Backend,
        entry: Mapping[str, Any],
        save: Save,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._backend, self._entry, self._save, self._sleep = backend, entry, save, sleep
        #: How many times in a row nobody has answered.
        self.failures = 0

    @property
    def _tag(self) -> str:
        return str(self._entry["tag"])

    # -- one job, and no other -------------------------------------------------------------------------------------

    def ensure(self, submit: Callable[[], Any]) -> Any:
        """Return the ticket of the job, which is made if there is none.

        Args:
            submit: Makes the job.

        Raises:
            RefusedError, AccountError: If there is no job; the run is PREPARED, and may be submitted again.
            UnreachableError: If it is not known whether there is one; the run is SUBMITTING, and the next attempt looks first.
        """
        ticket = self._entry.get("ticket")
        if ticket is None:
            # An earlier process that got as far as SUBMITTING may have made a job that is not listed yet.
            ticket = self._look(patient=self._entry["status"] == "SUBMITTING")
        if ticket is None:
            self._save(status="SUBMITTING")
            ticket = self._submit(submit)
        if self._entry.get("ticket") is None:
            self._save(ticket=ticket, status="QUEUED")
        if not self._entry.get("alone"):
            self._cancel_others(ticket)
        return ticket

    def _look(self, patient: bool) -> Any | None:
        """Return the oldest job that carries the run's tag, or None."""
        for pause in LAG if patient else LAG[:1]:
            self._sleep(pause)
            found = self._backend.find_all(self._tag)
            if found:
                return found[0]
        return None

    def _submit(self, submit: Callable[[], Any]) -> Any:
        try:
            return submit()
        except (RefusedError, AccountError, UnsupportedError, VerificationError):
            self._save(status="PREPARED")
            raise
        except BackendError as error:
            found = self._look_after(error)
            if found is not None:
                return found
            raise UnreachableError(
                f"{error}; no job was found, but one may exist: open the run again, which looks for it before it submits"
            ) from error

    def _look_after(self, error: BackendError) -> Any | None:
        """Look for a job that may have been made although the answer got lost."""
        try:
            return self._look(patient=True)
        except BackendError:
            raise error from None

    def _cancel_others(self, ticket: Any) -> None:
        """Cancel what a client that repeats its requests made besides; tried again another time if nobody answers."""
        try:
            others = [other for other in self._backend.find_all(self._tag) if other != ticket]
            for other in others:
                self._backend.cancel(other)
        except BackendError:
            return
        self._save(alone=True, cancelled_duplicates=others)

    def cancel(self) -> None:
        """Cancel the job, written down or not: a process that died may have made one that only its tag tells of."""
        ticket = self._entry.get("ticket")
        if ticket is None:
            ticket = self._look(patient=True)
        if ticket is None:
            self._save(status="CANCELLED")
            return
        if not self._entry.get("alone"):
            self._cancel_others(ticket)
        self._save(ticket=ticket, status=self._backend.cancel(ticket))

    # -- until it ends ---------------------------------------------------------------------------------------------

    def refresh(self) -> str:
        """Ask once for the state of the job, and return it."""
        try:
            state = self._backend.poll(self._entry["ticket"])
        except JobMissingError:
            self._save(status="LOST")
            raise
        if state != self._entry["status"]:
            self._save(status=state)
        return state

    def watch(
        self, timeout: float | None = None, resting: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> str:
        """Poll until the job has ended or the time is up, and return its state.

        Args:
            timeout: Seconds to wait at most.
            resting: Entered for each pause between polls, in which other processes may change the entry.

        Raises:
            UnreachableError, BusyError: If nobody answered several times in a row; the job goes on, and so may another watch.
        """
        begin, pause, self.failures = time.monotonic(), FIRST_POLL, 0
        while True:
            try:
                state, self.failures = self.refresh(), 0
            except (UnreachableError, BusyError):
                self.failures += 1
                if self.failures >= MOST_FAILURES:
                    raise
                state = str(self._entry["status"])
            left = None if timeout is None else begin + timeout - time.monotonic()
            if state in ENDED or (left is not None and left <= 0):
                return state
            with resting():
                self._sleep(pause if left is None else min(pause, left))
            pause = min(LAST_POLL, SLOWER * pause)
