"""A remote job of a run: searched for before it is submitted, recorded before and after, and watched until it ends.

If a process or a connection fails, the manifest still says which jobs may exist, and each job carries the run's id as a tag.
The platform may list a new job late. So a job that may exist is searched for until it must be listed (``listed_by`` in its
entry), and nothing is submitted before. Thus no created job is lost, and no job is paid for twice.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

from qnet_circuits.backends.base import Backend
from qnet_circuits.errors import (
    AccountError,
    BackendError,
    BusyError,
    JobMissingError,
    NotFinishedError,
    QnetError,
    RecordError,
    RefusedError,
    UnreachableError,
    UnsupportedError,
    VerificationError,
)
from qnet_circuits.runs.kept import Kept

#: Seconds before each look for a job that may exist; whoever looks longer goes on with the last.
LOOKS = (0.0, 1.0, 2.0, 4.0, 8.0)
#: Seconds for which a submission whose answer got lost is looked for at once.
PATIENCE = sum(LOOKS)
#: Seconds between polls, at first and at most, and how much longer each is than the one before.
FIRST_POLL, LAST_POLL, SLOWER = 1.0, 30.0, 1.5
#: Polls in a row that may fail before the caller is told.
MOST_FAILURES = 6
ENDED = ("DONE", "FAILED", "CANCELLED")
Resting = Callable[[], AbstractContextManager[None]]


def in_doubt(entry: Mapping[str, Any]) -> str | None:
    """Return the message on a job that may exist and was not found yet; None if there is no doubt."""
    if entry.get("ticket") is not None or entry.get("status") != "SUBMITTING":
        return None
    until = f"before {entry['listed_by']}" if entry.get("listed_by") else "for some minutes"
    return f"a job may exist that is not listed yet; it is looked for, and nothing is submitted again {until}"


def doubt_of(entries: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the message on the first job that is in doubt; None if there is none."""
    return next(filter(None, map(in_doubt, entries)), None)


class Job:
    """One job of a run.

    Args:
        backend: A remote backend.
        kept: The run. If it belongs to another machine, no duplicate is cancelled.
        number: The number of the job.
    """

    def __init__(self, backend: Backend, kept: Kept, number: int) -> None:
        self._backend, self._kept, self._number, self._clock = backend, kept, number, backend.clock
        #: How many times in a row nobody has answered.
        self.failures = 0

    @property
    def _entry(self) -> Mapping[str, Any]:
        return self._kept.manifest.jobs[self._number]

    def _save(self, **changes: Any) -> None:
        self._kept.note(self._number, **changes)

    @property
    def _tag(self) -> str:
        return str(self._entry["tag"])

    @property
    def _ticket(self) -> Any:
        return self._entry.get("ticket")

    @property
    def _attempts(self) -> int:
        return int(self._entry.get("attempts", 0))

    # -- one job, and no other -------------------------------------------------------------------------------------

    def ensure(
        self,
        submit: Callable[[], Any],
        permit: Callable[[], object],
        patience: float | None = PATIENCE,
        resting: Resting = nullcontext,
    ) -> None:
        """Submit the job, unless it exists.

        Args:
            submit: Submits the job, and returns its ticket.
            permit: Called before the submission; an error that it raises prevents the submission.
            patience: Seconds to look for a job that may exist; None for as long as it may take to be listed.
            resting: Entered for each pause between looks.

        Raises:
            RefusedError, AccountError: If the platform refuses the job.
            UnreachableError: If it is not known whether there is one; the run is SUBMITTING, and the next attempt looks first.
            NotFinishedError: If one may exist that is not listed yet, and the patience is at an end.
        """
        if self._ticket is None:
            self.find(patience, resting)
        if self._entry.get("unwanted"):
            return
        if self._ticket is None:
            permit()
            self.announce()
            self._submit(submit)
        self._keep_one()

    def announce(self) -> None:
        """Record that from now on a job may exist."""
        self._save(status="SUBMITTING", attempts=self._attempts + 1, listed_by=self._listed_by())

    def _listed_by(self) -> str:
        # Rounded up, so that nobody stops waiting a fraction of a millisecond early.
        moment = math.ceil(1000 * (self._clock.time() + self._backend.listing_seconds)) / 1000
        return datetime.datetime.fromtimestamp(moment, datetime.UTC).isoformat(timespec="milliseconds")

    def doubt(self) -> float:
        """Return the number of seconds for which a job may exist without being listed."""
        if self._certain or self._entry["status"] == "PREPARED":
            return 0.0
        given = self._entry.get("listed_by")
        now = self._clock.time()
        left = None if given is None else datetime.datetime.fromisoformat(given).timestamp() - now
        if left is None or left > self._backend.listing_seconds:
            # An earlier version noted no time; or the clock was set back.
            self._save(listed_by=self._listed_by())
            return self._backend.listing_seconds
        return max(left, 0.0)

    @property
    def _certain(self) -> bool:
        """Whether the outcome of every submission attempt is known."""
        return self._ticket is not None and self._attempts <= 1

    def find(self, patience: float | None = 0.0, resting: Resting = nullcontext) -> None:
        """Look for the job until it is found or must be listed by now.

        Raises:
            NotFinishedError: If the patience ends before.
        """
        for left in self._looks(patience, resting):
            if self._ticket is not None:  # Found by another process meanwhile.
                return
            found = self._backend.find_all(self._tag)
            if found:
                self._save(ticket=found[0], status="QUEUED")
            if found or left <= 0 or self._entry.get("unwanted"):
                return
        raise NotFinishedError(f"{in_doubt(self._entry)}; {self._kept.advice('fetch')}", "SUBMITTING")

    def _looks(self, patience: float | None, resting: Resting) -> Iterator[float]:
        """Yield, for each search that is due, the remaining seconds of doubt, until the patience ends."""
        begin, looks = self._clock.monotonic(), 0
        while True:
            left = self.doubt()
            yield left
            spare = left if patience is None else min(left, begin + patience - self._clock.monotonic())
            if spare <= 0:
                return
            looks += 1
            with resting():
                self._clock.sleep(min(spare, LOOKS[min(looks, len(LOOKS) - 1)]))

    def _submit(self, submit: Callable[[], Any]) -> None:
        try:
            self._save(ticket=submit(), status="QUEUED")
        except (RefusedError, AccountError, UnsupportedError, VerificationError) as error:
            if getattr(error, "doubtful", False):
                self._look_after(error)
                return
            self._save(status="PREPARED", attempts=self._attempts - 1, listed_by=None)
            raise
        except BackendError as error:
            self._look_after(error)

    def _look_after(self, error: QnetError) -> None:
        """Look for a job that may exist despite an error or a lost answer. Raise the error if none is found."""
        with suppress(BackendError):
            self.find(PATIENCE)
        if self._ticket is None:
            kind = type(error) if isinstance(error, RefusedError | AccountError) else UnreachableError
            doubt, text = f"{in_doubt(self._entry)}; {self._kept.advice('fetch')}", str(error)
            known = BackendError.MAY_EXIST in text
            raise kind(
                text.replace(BackendError.MAY_EXIST, doubt) if known else f"{doubt}; {text}"
            ) from error

    def _keep_one(self) -> None:
        """Cancel all jobs with the tag except one. If the platform cannot be reached now, try another time."""
        if not self._kept.own:
            return
        with suppress(BackendError):
            self.check()
            known = self._entry.get("cancelled_duplicates", [])
            found = [each for each in self._backend.find_all(self._tag) if each not in known]
            if set(found) <= {self._ticket}:
                return
            listed = found if self._ticket in found else [*found, self._ticket]
            states = {each: self._state(each) for each in listed}
            kept = _best(listed, states) or self._ticket
            others = [each for each in listed if each != kept and self._backend.cancel(each) in ENDED]
            self._save(ticket=kept, status=states[kept], cancelled_duplicates=[*known, *others])

    def _state(self, ticket: Any) -> str:
        try:
            return self._backend.poll(ticket)
        except JobMissingError:
            return "LOST"

    def cancel(self, patience: float | None = None, resting: Resting = nullcontext) -> None:
        """Cancel the job, recorded or not: a process that died may have submitted a job that only its tag identifies.

        Args:
            patience: Seconds to look for one that may exist; None for as long as it may take to be listed.
            resting: Entered for each pause between looks.
        """
        self._save(unwanted=True)
        for left in self._looks(patience, resting):
            self._cancel_found()
            if self._certain:
                return
            if left <= 0 and self._ticket is None:
                self._save(status="CANCELLED")

    def _cancel_found(self) -> None:
        """Cancel all known and listed jobs, and record how the job ended."""
        if self._ticket is not None:
            try:
                self.check()
                self._save(status=self._backend.cancel(self._ticket))
            except JobMissingError:
                self._save(status="LOST")
        try:
            found = [each for each in self._backend.find_all(self._tag) if each != self._ticket]
            states = {each: self._backend.cancel(each) for each in found}
        except BackendError:
            if self._certain:  # Then there is hardly another one.
                return
            raise
        if self._ticket is None and found:
            kept = _best(found, states) or found[0]
            self._save(ticket=kept, status=states[kept])

    # -- until it ends ---------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise RecordError if the ticket belongs to a job of another run."""
        if not self._backend.carries(self._ticket, self._tag):
            raise RecordError(
                f"job {self._ticket} does not carry the tag {self._tag} of this run, so it is left alone: "
                "the manifest was edited; remove the job's id from it, and the job is found by its tag"
            )

    def ask(self) -> None:
        """Update the state of the job once. Cancel it if it was cancelled before it was listed, in a run of this machine."""
        if self._entry.get("unwanted") and not self._certain and self._kept.own:
            if self._attempts or self._entry["status"] == "SUBMITTING":
                self.cancel(patience=0.0)
        elif self._ticket is not None and self._entry["status"] not in ENDED:
            self.refresh()
        elif self._entry["status"] == "SUBMITTING":
            with suppress(NotFinishedError):
                self.find()

    def refresh(self) -> str:
        """Ask once for the state of the job, and return it."""
        try:
            self.check()
            self._keep_one()
            state = self._backend.poll(self._ticket)
        except JobMissingError:
            self._save(status="LOST")
            raise
        if state != self._entry["status"]:
            self._save(status=state)
        return state

    def watch(self, timeout: float | None = None, resting: Resting = nullcontext) -> str:
        """Poll until the job has ended or the time is up, and return its state.

        Args:
            timeout: Seconds to wait at most.
            resting: Entered for each pause between polls, in which other processes may change the entry.

        Raises:
            UnreachableError, BusyError: If several requests in a row had no answer. The job continues, and can be watched
                again.
        """
        begin, pause, self.failures = self._clock.monotonic(), FIRST_POLL, 0
        while True:
            try:
                state, self.failures = self.refresh(), 0
            except (UnreachableError, BusyError):
                self.failures += 1
                if self.failures >= MOST_FAILURES:
                    raise
                state = str(self._entry["status"])
            left = None if timeout is None else begin + timeout - self._clock.monotonic()
            if state in ENDED or (left is not None and left <= 0):
                return state
            with resting():
                self._clock.sleep(pause if left is None else min(pause, left))
            pause = min(LAST_POLL, SLOWER * pause)


def _best(tickets: Sequence[Any], states: Mapping[Any, str]) -> Any | None:
    """Return the job to keep of several: a finished one, or else the oldest running one. Every process chooses the same."""
    for wanted in (("DONE",), ("QUEUED", "RUNNING")):
        for ticket in tickets:
            if states[ticket] in wanted:
                return ticket
    return None
