"""Every exception of the package.

::

    QnetError                       anything this package raises on purpose
    ├── ParameterError              a value outside its range (also a ValueError)
    │   └── UnknownNameError        a protocol, parameter, backend or device that does not exist
    ├── ProgramError                a circuit that is no network program (also a ValueError)
    │   ├── LocalityError           an instruction that touches two nodes
    │   └── FigureError             a figure that came to a value which cannot exist
    ├── UnsupportedError            an option or a mode that cannot be honoured here
    │   ├── FrameError              a Pauli frame met an operation that it cannot pass
    │   └── LayoutError             a circuit does not fit the device
    ├── VerificationError           compilation moved something across a party's boundary
    ├── NoShotsError                nothing was left to estimate a figure from
    ├── PointError                  points of a sweep failed
    ├── AnswerError                 a student's answer that was stopped at a limit, or left without a verdict
    ├── RoundingError               a transform that is no longer exact (also an ArithmeticError)
    ├── RecordError                 a run directory that is missing, torn, foreign or too new
    │   └── HeldError               one that another process is at work on
    └── BackendError                the backend failed (also a RuntimeError)
        ├── AccountError            no account, or one that the platform does not accept
        ├── UnreachableError        no answer, or none that can be read: what was asked for may have happened or not
        ├── RefusedError            the platform, or its client, refused: nothing has happened
        │   └── BusyError           it refused for now: too many jobs or requests
        ├── NotFinishedError        a job that goes on: come back later
        └── JobError                a job that ended without outcomes
            ├── JobFailedError      it failed, with the platform's reason
            ├── JobCancelledError   it was cancelled
            └── JobMissingError     the platform does not know it

A message says what was given, what was expected and what to do.
"""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable
from typing import Any


class QnetError(Exception):
    """Anything this package raises on purpose."""


class ParameterError(QnetError, ValueError):
    """A value outside its range."""


class UnknownNameError(ParameterError):
    """A name that does not exist, with the nearest ones that do."""

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
    """A circuit that is no network program."""


class LocalityError(ProgramError):
    """An instruction that touches two nodes and is no link operation."""

    def __init__(self, instruction: str, nodes: Iterable[str], advice: str = "") -> None:
        self.instruction = instruction
        self.nodes = tuple(nodes)
        tail = advice or "only entangle and transmit may; use a Bell pair and a correction instead"
        super().__init__(f"instruction {instruction!r} touches the nodes {', '.join(self.nodes)}; {tail}")


class FigureError(ProgramError):
    """A figure that came to a value which cannot exist."""


class UnsupportedError(QnetError):
    """An option or a mode that cannot be honoured here."""


class FrameError(UnsupportedError):
    """A Pauli frame met an operation that it cannot pass."""


class LayoutError(UnsupportedError):
    """A circuit does not fit the device."""


class VerificationError(QnetError):
    """Compilation moved something across a party's boundary."""


class NoShotsError(QnetError):
    """Nothing was left to estimate a figure from."""


class PointError(QnetError):
    """Points of a sweep failed."""


class AnswerError(QnetError):
    """A student's answer that was stopped at a limit, or left without a verdict."""


class RoundingError(QnetError, ArithmeticError):
    """A transform that is no longer exact."""


class RecordError(QnetError):
    """A run directory that is missing, torn, foreign or too new."""


class HeldError(RecordError):
    """A run directory that another process is at work on."""


class BackendError(QnetError, RuntimeError):
    """The backend failed."""

    #: Whether a job that was asked for may exist, whatever the answer says: it was sent.
    doubtful = False
    #: What its text says of such a job. Whoever knows more of the job says that in place of it.
    MAY_EXIST = "a job may exist all the same: look for its tag before submitting again"


class AccountError(BackendError):
    """No account, or one that the platform does not accept."""


class UnreachableError(BackendError):
    """No answer, or none that can be read: what was asked for may have happened or not."""


class RefusedError(BackendError):
    """The platform, or its client, refused: nothing has happened."""


class BusyError(RefusedError):
    """The platform refused for now: too many jobs or requests."""


class NotFinishedError(BackendError):
    """A job that goes on.

    Args:
        message: What to do.
        state: Its state.
    """

    def __init__(self, message: str, state: str) -> None:
        self.state = state
        super().__init__(message)


class JobError(BackendError):
    """A job that ended without outcomes.

    Args:
        message: What happened, and what to do.
        job: The job's id.
        reason: What the platform says about it.
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
        kind: What is named.
        name: The name given.
        known: The names there are.

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
        name: What the value is called in the message.
        value: A real number.
        low: Smallest value allowed.
        high: Largest value allowed.

    Raises:
        ParameterError: If it is no number or lies outside.

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
