"""Processors of the IBM Quantum platform."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn
from urllib.parse import urlsplit

from qnet_circuits.backends.base import Keep, Progress, Raw, check_ticket
from qnet_circuits.backends.ibm import failures
from qnet_circuits.backends.ibm.client import client_sampler, connect, saved_secrets
from qnet_circuits.backends.ibm.failures import Failures, one_line
from qnet_circuits.backends.ibm.redaction import Redactor
from qnet_circuits.backends.ibm.sampler_options import (
    check_twirling,
    for_twirling,
    options_notes,
    twirls,
)
from qnet_circuits.backends.ibm.stand_ins import fake_device_names
from qnet_circuits.backends.ibm.submission import JobBackend, asked_shots, circuits_for
from qnet_circuits.backends.ibm.watchdog import Watchdog
from qnet_circuits.compiling.compiled import Compiled
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.devices.fleet import RETIRED, status
from qnet_circuits.devices.repaired import MID_CIRCUIT
from qnet_circuits.errors import (
    BackendError,
    JobCancelledError,
    JobFailedError,
    UnknownNameError,
    UnsupportedError,
    check_count,
    check_range,
)

#: The client's words for a job's state, in ours; a state that does not exist yet counts as waiting.
_STATES = {"RUNNING": "RUNNING", "DONE": "DONE", "ERROR": "FAILED", "CANCELLED": "CANCELLED"}
#: The platform's number for a job that used up its processor seconds.
_RAN_TOO_LONG = "1305"
#: The longest limit that the platform takes, in seconds.
_LONGEST_JOB = 10800
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Usage:
    """Processor seconds of an instance.

    Args:
        consumed: Seconds used in the current period.
        limit: Seconds allowed in the period, or None if the platform does not state them.
        remaining: Seconds left in the period, or None if the platform does not state them.
    """

    consumed: float
    limit: float | None
    remaining: float | None


class RuntimeBackend(JobBackend):
    """A processor of the IBM Quantum platform, through the account that the client has saved or finds in its environment.

    A ticket is the id of one job, a string with which any later process can poll and fetch the job. Requests to the platform
    are made only when needed, so a job can be fetched by its ticket even if the processor no longer exists.

    Every method with a request to the platform may raise a ``BackendError``, whose kind tells what to do: ``AccountError``,
    ``UnreachableError`` (the request may have been carried out), ``RefusedError`` and its ``BusyError`` (it was not carried
    out), or a ``JobError``.

    Args:
        processor: Name of the processor, such as ``ibm_kingston``.
        watchdog: The time limits of each request.
    """

    remote = True

    #: Processor seconds after which the platform ends a job; None for the platform's own limit.
    max_qpu_seconds: int | None = None

    def __init__(self, processor: str, watchdog: Watchdog | None = None) -> None:
        self.name, self.processor = f"ibm:{processor}", processor
        self._watchdog = watchdog or Watchdog()
        self._redact = Redactor()
        self._failures = Failures(self.name, self._redact, self._watchdog)
        self._jobs: dict[str, Any] = {}

    def limited(self, max_qpu_seconds: int) -> RuntimeBackend:
        """Return the same backend, and the same connection, with a limit of processor seconds for each job, 1 to 10800."""
        other = copy.copy(self)
        other.max_qpu_seconds = check_count("max_qpu_seconds", max_qpu_seconds, 1, _LONGEST_JOB)
        return other

    @property
    def rep_delay(self) -> float | None:
        """Seconds between two shots: the option ``execution.rep_delay``, or the processor's default.

        Raises:
            ParameterError: If the processor does not accept the value of the option.
        """
        configuration = self._backend.configuration()
        asked = self.options.get("execution.rep_delay")
        if asked is None:
            return getattr(configuration, "default_rep_delay", None)
        if not getattr(configuration, "dynamic_reprate_enabled", False):
            raise UnsupportedError(
                f"{self.name} has a fixed delay between shots; leave execution.rep_delay out"
            )
        low, high = getattr(configuration, "rep_delay_range", None) or (0.0, float(asked))
        return check_range(f"{self.name}: option execution.rep_delay", asked, low, high)

    # -- what it is ------------------------------------------------------------------------------------------------

    @cached_property
    def _service(self) -> Any:
        """The connection, made when it is first needed."""
        return self._failures.ask(failures.CONNECT, self._connected)

    def _connected(self) -> Any:
        self._redact.learn(saved_secrets())
        self._redact.guard_logs()
        service = connect(self._watchdog)
        self._redact.guard_logs()
        return service

    @cached_property
    def _backend(self) -> Any:
        """The client's object for the processor."""
        offered, unread = self._service.offered, self._service.unread
        if self.processor not in offered:
            # A list that the account may not see is not waited for; one that could not be read may hold the name.
            if unread is not None and not 400 <= (failures.status_of(unread) or 0) < 500:
                self._failures.ask(failures.DESCRIBE, lambda: _raised(unread))
            names = [f"ibm:{name}" for name in offered]
            raise UnknownNameError("backend", self.name, names, _remark(self.processor))
        return self._failures.ask(failures.DESCRIBE, self._described)

    def _described(self) -> Any:
        backend = self._service.backend(self.processor)
        _ = backend.target  # The calibration is downloaded now, where its failure is understood.
        return backend

    @cached_property
    def device(self) -> Device:  # type: ignore[override]  # Only a backend that is compiled for must be reached.
        """The processor with its present calibration."""
        return Device(self.processor, self._backend)

    @property
    def simulated(self) -> bool:
        """Whether the platform is a stand-in that answers from this machine."""
        address = self._failures.ask(failures.CONNECT, lambda: self._service.active_account()["url"])
        return urlsplit(str(address)).hostname in _LOOPBACK

    @property
    def expected_noise(self) -> DeviceNoise:
        """All errors of the processor's calibration, and waiting."""
        return DeviceNoise()

    def notes(self, compiled: Compiled) -> tuple[str, ...]:
        """Return the notes of a result from this backend."""
        said = ["outcomes are the processor's own; seed does not reach them"]
        if MID_CIRCUIT in self._backend.target.operation_names:
            said.append(f"measurements in the middle of a circuit are {MID_CIRCUIT}")
        if compiled.decoupling:
            said.append(
                "waiting qubits are decoupled by pairs of X pulses, which this library put into the circuits; "
                f"waits for decisions are filled for a {DeviceNoise().latencies}"
            )
        said += options_notes(self.options)
        if self.simulated:
            said.insert(
                0, "simulated: the platform is a stand-in on this machine; no processor made the outcomes"
            )
        return tuple(said)

    # -- jobs ------------------------------------------------------------------------------------------------------

    def check(self, compiled: Compiled) -> None:
        """Raise UnsupportedError if the circuits cannot be one job on this processor."""
        if compiled.device is None or compiled.device.num_qubits != self.device.num_qubits:
            given = "no device" if compiled.device is None else compiled.device.name
            raise UnsupportedError(
                f"{self.name} was given circuits compiled for {given}; compile them for it"
            )
        _ = self.rep_delay  # Out of the processor's range, it raises.
        if twirls(self.options):
            circuits = circuits_for(compiled, self._backend.target)
            check_twirling(compiled, circuits, self.options, self.name)

    def submit(self, compiled: Compiled, shots: Sequence[int], seed: int, tag: str = "") -> str:
        """Create one job of all circuits, and return its id.

        Args:
            compiled: A program compiled for this processor.
            shots: Shots of each circuit, all the same.
            seed: Not used: outcomes are the processor's own.
            tag: The tag by which ``find`` finds the job.

        Raises:
            UnsupportedError: If the circuits cannot be one job; nothing was sent.
            RefusedError, AccountError: If the platform refuses the job. Then there is no job, unless the error is
                ``doubtful``: the request was sent.
            UnreachableError: If no answer came; there may be a job, which ``find`` finds.
        """
        count = self.shots_of_a_job(compiled, shots)
        circuits = circuits_for(compiled, self._backend.target)
        if twirls(self.options):
            circuits = [for_twirling(circuit, count) for circuit in circuits]
        job = self._failures.ask(failures.SUBMIT, lambda: self._created(circuits, count, tag))
        self._jobs[job.job_id()] = job
        return str(job.job_id())

    def _created(self, circuits: Sequence[Any], shots: int, tag: str) -> Any:
        # Never a private job: its outcomes can be read only once.
        sampler = client_sampler(self._backend, self.options)
        sampler.options.environment.job_tags = [tag] if tag else []
        sampler.options.max_execution_time = self.max_qpu_seconds
        self._redact.guard_logs()
        return sampler.run(list(circuits), shots=shots)

    def poll(self, ticket: str) -> str:
        """Return the state of a job: QUEUED, RUNNING, DONE, FAILED or CANCELLED."""
        state = self._failures.ask(failures.POLL, lambda: self._job(ticket).status(), ticket)
        return _STATES.get(state, "QUEUED")

    def fetch(self, ticket: str, progress: Progress | None = None, keep: Keep | None = None) -> list[Raw]:
        """Return the outcomes of a finished job. They may be fetched repeatedly.

        Raises:
            JobFailedError: If the job failed; with the platform's reason.
            JobCancelledError: If the job was cancelled, here or elsewhere.
            BackendError: If the job has not ended yet.
        """
        state = self.poll(ticket)
        if state == "FAILED":
            raise self._failed(ticket)
        if state == "CANCELLED":
            raise JobCancelledError(
                f"{self.name}: job {ticket} was cancelled, so it has no outcomes; submit again", ticket
            )
        if state != "DONE":
            raise BackendError(f"{self.name}: job {ticket} is {state} and has no outcomes yet; wait for it")
        return self._failures.ask(
            failures.FETCH, lambda: [asked_shots(each) for each in self._job(ticket).result()], ticket
        )

    def _failed(self, ticket: str) -> JobFailedError:
        text = self._failures.ask(failures.POLL, lambda: self._job(ticket).error_message(), ticket)
        told = re.sub(r"^Job \S+ has failed:", "", str(text or "no reason given"))
        # Of a traceback on the processor's side, the last line is what went wrong.
        told = re.sub(r"Traceback \(most recent call last\):\s*(?:[ \t]+\S.*\s+)*", "", told)
        reason = self._redact(one_line(told))
        advice = "submit again, or take the reason to IBM with the job's id"
        if _RAN_TOO_LONG in reason or "maximum execution time" in reason:
            advice = "it reached its limit of processor seconds: raise max_qpu_seconds, or take fewer shots"
        return JobFailedError(f"{self.name}: job {ticket} failed: {reason}; {advice}", ticket, reason)

    def find(self, tag: str) -> str | None:
        """Return the job with a tag, the oldest if there are several, or None."""
        return next(iter(self.find_all(tag)), None)

    def find_all(self, tag: str) -> tuple[str, ...]:
        """Return all jobs with a tag, the oldest first. A new job may take a while to be listed."""
        found = self._failures.ask(failures.FIND, lambda: self._tagged(tag))
        self._jobs.update({job.job_id(): job for job in found})
        return tuple(str(job.job_id()) for job in found)

    def _tagged(self, tag: str) -> list[Any]:
        if self.processor in self._service.offered:
            _ = self._backend  # An account of several instances searches the one that offers this processor.
        return list(self._service.jobs(job_tags=[tag], limit=20, descending=False))

    def carries(self, ticket: str, tag: str) -> bool:
        """Return whether a job has a tag."""
        return self._failures.ask(failures.POLL, lambda: tag in self._job(ticket).tags, ticket)

    def cancel(self, ticket: str) -> str:
        """Cancel a job and return its state: DONE or FAILED if it had already ended."""
        if (state := self.poll(ticket)) not in ("QUEUED", "RUNNING"):
            return state
        self._failures.ask(failures.CANCEL, lambda: self._cancelled(ticket), ticket)
        del self._jobs[ticket]  # The client believes its own order; the platform is asked how the job ended.
        return self.poll(ticket)

    def _cancelled(self, ticket: str) -> None:
        from qiskit.exceptions import QiskitError

        try:
            self._job(ticket).cancel()
        except QiskitError as error:
            if failures.status_of(error) != 409:  # 409: it has ended meanwhile.
                raise

    def _job(self, ticket: str) -> Any:
        if ticket not in self._jobs:
            check_ticket(ticket)  # It becomes a part of an address.
            self._jobs[ticket] = self._service.job(ticket)
        return self._jobs[ticket]

    # -- cost ------------------------------------------------------------------------------------------------------

    def usage(self) -> Usage:
        """Return the processor seconds of the account's instance."""
        plain = self._failures.ask(failures.USAGE, lambda: dict(self._service.usage()))
        limit = plain.get("usage_limit_seconds", plain.get("usage_allocation_seconds"))
        return Usage(plain.get("usage_consumed_seconds", 0), limit, plain.get("usage_remaining_seconds"))

    def ran(self, ticket: str) -> dict[str, Any]:
        """Return the times at which a job was created, began and ended, and its charged seconds, as far as they are final."""
        plain = self._failures.ask(failures.USAGE, lambda: dict(self._job(ticket).metrics()), ticket)
        times, usage = plain.get("timestamps") or {}, plain.get("usage") or {}
        words = {"created": "created", "began": "running", "ended": "finished"}
        found = {ours: times.get(theirs) for ours, theirs in words.items()}
        # Zero until the platform has settled it.
        found["qpu_seconds"] = (
            usage.get("qpu_charge_time_seconds") if usage.get("status") == "complete" else None
        )
        return {name: value for name, value in found.items() if value}


def _remark(processor: str) -> str:
    """Return the reason why a processor is not offered, if known."""
    stand_in = processor.replace("ibm_", "fake_", 1)
    known = stand_in in fake_device_names() and status(stand_in) == RETIRED
    return "it has been retired" if known else ""


def _raised(error: Exception) -> NoReturn:
    raise error
