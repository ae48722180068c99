"""Every exception of the package.

::

    QnetError                       any error that this package raises on purpose
    ├── ParameterError              a value outside its range (also a ValueError)
    │   └── UnknownNameError        a protocol, parameter, backend or device that does not exist
    ├── ProgramError                a circuit that is not a network program (also a ValueError)
    │   ├── LocalityError           an instruction that touches two nodes
    │   └── FigureError             a figure with an impossible value
    ├── UnsupportedError            an option or a mode that is not supported here
    │   ├── FrameError              a Pauli frame met an operation that it cannot pass
    │   └── LayoutError             a circuit does not fit the device
    ├── VerificationError           compilation moved an operation across a party's boundary
    ├── NoShotsError                no shots are left to estimate a figure
    ├── PointError                  points of a sweep failed
    ├── PeerError                   the other host of a key session was not reached, or one host does not trust the other
    ├── AnswerError                 a student's answer that was stopped at a limit, or ended without a verdict
    ├── RoundingError               a transform that is no longer exact (also an ArithmeticError)
    ├── RecordError                 a run directory or a pool of keys that is missing, damaged, something else, or too new
    │   └── HeldError               a run directory or a pool of keys that another process is using
    ├── DeliveryError               a key that a key store does not give
    │   ├── NoKeyError              the stock or the quota does not suffice
    │   ├── UnknownKeyError         no such key, or one that was given before
    │   └── NotNamedError           a key that was made for other applications
    └── BackendError                the backend failed (also a RuntimeError)
        ├── AccountError            no account, or an account that the platform does not accept
        ├── UnreachableError        no readable answer: the request may or may not have been carried out
        ├── RefusedError            the platform or its client refused the request: nothing has happened
        │   └── BusyError           the platform refused for now: too many jobs or requests
        ├── NotFinishedError        a job that is still running: come back later
        └── JobError                a job that ended without outcomes
            ├── JobFailedError      the job failed, with the platform's reason
            ├── JobCancelledError   the job was cancelled
            └── JobMissingError     the platform does not know the job

A message says what was given, what was expected and what to do.
"""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable
from typing import Any


class QnetError(Exception):
    """Any error that this package raises on purpose."""


class ParameterError(QnetError, ValueError):
    """A value outside its range."""


class UnknownNameError(ParameterError):
    """An unknown name. The message lists the nearest known names."""

    def __init__(self, kind: str, given: str, known: Iterable[str], remark: str = "") -> None:
        self.given = given
        self.known = tuple(sorted(known))
        # With a remark on why the name is gone, what is near it is no better guess than the rest.
        near = [] if remark else difflib.get_close_matches(str(given), self.known, n=3, cutoff=0.5)
        listed = near or self.known
        hint = "did you mean" if near else "there are"
        names = ", ".join(listed) if listed else "none"
        aside = f" ({remark})" if remark else ""
        super().__init__(f"unknown {kind} {given!r}{aside}; {hint}: {names}")


class ProgramError(QnetError, ValueError):
    """A circuit that is not a network program."""


class LocalityError(ProgramError):
    """An instruction that touches two nodes and is no link operation."""

    def __init__(self, instruction: str, nodes: Iterable[str], advice: str = "") -> None:
        self.instruction = instruction
        self.nodes = tuple(nodes)
        tail = advice or "only entangle and transmit may; use a Bell pair and a correction instead"
        super().__init__(f"instruction {instruction!r} touches the nodes {', '.join(self.nodes)}; {tail}")


class FigureError(ProgramError):
    """A figure with an impossible value."""


class UnsupportedError(QnetError):
    """An option or a mode that is not supported here."""


class FrameError(UnsupportedError):
    """A Pauli frame met an operation that it cannot pass."""


class LayoutError(UnsupportedError):
    """A circuit does not fit the device."""


class VerificationError(QnetError):
    """Compilation moved an operation across a party's boundary."""


class NoShotsError(QnetError):
    """No shots are left to estimate a figure."""


class PointError(QnetError):
    """Points of a sweep failed."""


class PeerError(QnetError):
    """The other host of a key session was not reached, or one host does not trust the other."""


class AnswerError(QnetError):
    """A student's answer that was stopped at a limit, or ended without a verdict."""


class RoundingError(QnetError, ArithmeticError):
    """A transform that is no longer exact."""


class RecordError(QnetError):
    """A run directory or a pool of keys that is missing, damaged, something else, or too new."""


class HeldError(RecordError):
    """A run directory or a pool of keys that another process is using."""


class DeliveryError(QnetError):
    """A key that a key store does not give."""


class NoKeyError(DeliveryError):
    """The stock or the quota does not suffice."""


class UnknownKeyError(DeliveryError):
    """No such key, or one that was given before."""


class NotNamedError(DeliveryError):
    """A key that was made for other applications."""


class BackendError(QnetError, RuntimeError):
    """The backend failed."""

    #: Whether the request was sent, so that a requested job may exist whatever the answer says.
    doubtful = False
    #: The message on such a job. A caller who knows more about the job replaces it.
    MAY_EXIST = "a job may exist all the same: look for its tag before submitting again"


class AccountError(BackendError):
    """No account, or an account that the platform does not accept."""


class UnreachableError(BackendError):
    """No readable answer: the request may or may not have been carried out."""


class RefusedError(BackendError):
    """The platform or its client refused the request: nothing has happened."""


class BusyError(RefusedError):
    """The platform refused for now: too many jobs or requests."""


class NotFinishedError(BackendError):
    """A job that is still running.

    Args:
        message: The advice.
        state: The state of the job.
    """

    def __init__(self, message: str, state: str) -> None:
        self.state = state
        super().__init__(message)


class JobError(BackendError):
    """A job that ended without outcomes.

    Args:
        message: The event, and the advice.
        job: The job's id.
        reason: The platform's message about the job.
    """

    def __init__(self, message: str, job: str, reason: str = "") -> None:
        self.job, self.reason = job, reason
        super().__init__(message)


class JobFailedError(JobError):
    """A job that failed, with the platform's reason."""


class JobCancelledError(JobError):
    """A job that was cancelled."""


class JobMissingError(JobError):
    """A job that the platform does not know."""


def check_name(kind: str, name: Any, known: Iterable[str]) -> str:
    """Return a name if it is known, or raise UnknownNameError.

    Args:
        kind: The kind of the named object, for the message.
        name: The given name.
        known: The known names.

    Example:
        >>> check_name("carrier", "swap", ("relabel", "swap"))
        'swap'
    """
    if not isinstance(name, str) or name not in known:
        raise UnknownNameError(kind, name, known)
    return name


def check_range(name: str, value: float, low: float, high: float) -> float:
    """Return ``value`` as a float if it lies in [low, high].

    Args:
        name: The name of the value in the message.
        value: A real number.
        low: Smallest value allowed.
        high: Largest value allowed.

    Raises:
        ParameterError: If it is not a number, or lies outside the range.

    Example:
        >>> check_range("fidelity", 1, 0.25, 1)
        1.0
        >>> check_range("fidelity", 1.2, 0.25, 1)
        Traceback (most recent call last):
            ...
        qnet_circuits.errors.ParameterError: fidelity must be in [0.25, 1], got 1.2
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(f"{name} must be a number in [{low:g}, {high:g}], got {value!r}") from None
    if isinstance(value, bool) or not low <= number <= high:
        raise ParameterError(f"{name} must be in [{low:g}, {high:g}], got {value!r}")
    return number


def check_count(name: str, value: int, low: int = 1, high: int | None = None) -> int:
    """Return ``value`` as an int if it is a whole number of at least ``low`` (and at most ``high``).

    Raises:
        ParameterError: If it is not.

    Example:
        >>> check_count("hops", 3)
        3
        >>> check_count("shots", 0)
        Traceback (most recent call last):
            ...
        qnet_circuits.errors.ParameterError: shots must be a whole number of at least 1, got 0
    """
    limit = f"at least {low}" if high is None else f"{low} to {high}"
    try:
        number = operator.index(value)
    except TypeError:  # an array is no number, though it may have an index
        raise ParameterError(f"{name} must be a whole number of {limit}, got {value!r}") from None
    if isinstance(value, bool) or number < low or (high is not None and number > high):
        raise ParameterError(f"{name} must be a whole number of {limit}, got {value!r}")
    return number
