"""A platform in memory: jobs that outlive the process that made them, and faults at every step."""

import time

import numpy as np

from qnet_circuits.backends.base import Backend
from qnet_circuits.backends.registry import KINDS, Kind
from qnet_circuits.errors import JobCancelledError, JobFailedError, JobMissingError, UnreachableError

SEED = 5


class Time:
    """A clock whose time passes in pauses alone; they take none, and are noted.

    ``passing`` is called with the seconds of each pause.
    """

    def __init__(self, passing=lambda seconds: None):
        self.pauses, self.passing, self._now = [], passing, time.time()

    def time(self):
        return self._now

    monotonic = time

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self._now += seconds
        self.passing(seconds)


class Platform:
    """Jobs by id, oldest first, with their tag, state and what they return."""

    def __init__(self):
        self.jobs = {}
        self.ends = "DONE"
        self.polls = 0
        #: Jobs are listed only after this many more looks.
        self.unlisted = 0

    def create(self, tag, compiled, shots):
        job = f"job{len(self.jobs)}"
        rng = np.random.default_rng(SEED)
        raws = [
            {reg.name: rng.random((count, reg.size)) < 0.5 for reg in item.circuit.cregs}
            for item, count in zip(compiled, shots, strict=True)
        ]
        self.jobs[job] = {"tag": tag, "state": "QUEUED", "raws": raws}
        return job

    @property
    def paid(self):
        """How many jobs were not cancelled."""
        return sum(job["state"] != "CANCELLED" for job in self.jobs.values())


class RemoteBackend(Backend):
    """A processor of the platform. ``faults`` maps a step to a list of what goes wrong, one entry for each time."""

    name = "ibm:nowhere"
    remote = True

    def __init__(self, platform, **faults):
        self.platform, self.faults, self.limit = platform, faults, None
        self.asked = []

    def limited(self, max_qpu_seconds):
        self.limit = max_qpu_seconds
        return self

    def _fault(self, step):
        self.asked.append(step)
        waiting = self.faults.get(step, [])
        fault = waiting.pop(0) if waiting else None
        if isinstance(fault, BaseException):
            raise fault
        return fault

    def submit(self, compiled, shots, seed, tag=""):
        fault = self._fault("submit")
        job = self.platform.create(tag, compiled, shots)
        if fault == "twice":
            job = self.platform.create(tag, compiled, shots)
        if fault == "lost answer":
            raise UnreachableError("the connection dropped")
        return job

    def find_all(self, tag):
        self._fault("find")
        if self.platform.unlisted > 0:
            self.platform.unlisted -= 1
            return ()
        return tuple(
            job
            for job, said in self.platform.jobs.items()
            if said["tag"] == tag and said["state"] != "CANCELLED"
        )

    def carries(self, ticket, tag):
        if ticket not in self.platform.jobs:
            raise JobMissingError(f"job {ticket} is not known", ticket)
        return self.platform.jobs[ticket]["tag"] == tag

    def poll(self, ticket):
        self._fault("poll")
        if ticket not in self.platform.jobs:
            raise JobMissingError(f"job {ticket} is not known", ticket)
        said = self.platform.jobs[ticket]
        self.platform.polls += 1
        if said["state"] in ("QUEUED", "RUNNING") and self.platform.ends is not None:
            said["state"] = self.platform.ends if self.platform.polls > 2 else "RUNNING"
        return said["state"]

    def fetch(self, ticket, progress=None, keep=None):
        self._fault("fetch")
        if self.platform.jobs[ticket]["state"] == "FAILED":
            raise JobFailedError(f"job {ticket} failed: too hot", ticket, "too hot")
        if self.platform.jobs[ticket]["state"] == "CANCELLED":
            raise JobCancelledError(f"job {ticket} was cancelled", ticket)
        return self.platform.jobs[ticket]["raws"]

    def cancel(self, ticket):
        self._fault("cancel")
        job = self.platform.jobs[ticket]
        job["state"] = "CANCELLED" if job["state"] in ("QUEUED", "RUNNING") else job["state"]
        return job["state"]


def found_by_name(monkeypatch, backend):
    """Have every name of a processor mean a backend of its own, which a function makes."""
    monkeypatch.setitem(KINDS, "ibm", Kind(lambda name, device: backend(), False, True, ("ibm:nowhere",)))
