"""Failures of the platform, reported uniformly by the step at which they happen, not by the client's exception."""

from __future__ import annotations

import http
import json
import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

from qnet_circuits.backends.ibm.redaction import Redactor
from qnet_circuits.backends.ibm.watchdog import Watchdog
from qnet_circuits.errors import (
    AccountError,
    BackendError,
    BusyError,
    JobMissingError,
    QnetError,
    RefusedError,
    UnreachableError,
)

_LONGEST = 300
Answer = TypeVar("Answer")


class Step(NamedTuple):
    """A request to the platform.

    Args:
        doing: The action in words, as in "submitting failed".
        lost: The advice if no readable answer came.
        alone: Whether only the account can be the reason of a failure before any answer.
    """

    doing: str
    lost: str = "nothing is lost; try again later"
    alone: bool = False


CONNECT = Step("connecting to the platform", "check the network, or try again later", alone=True)
DESCRIBE = Step("asking for the processor", "try again later")
SUBMIT = Step("submitting", BackendError.MAY_EXIST)
POLL = Step("asking for the job's state")
FETCH = Step("fetching the outcomes")
FIND = Step("looking for the job by its tag")
CANCEL = Step("cancelling the job", "ask for the job's state before cancelling again")
USAGE = Step("asking for the usage")

_ACCOUNT = (
    "check the account that was saved with QiskitRuntimeService.save_account, or the variables QISKIT_IBM_TOKEN and "
    "QISKIT_IBM_INSTANCE"
)


class Failures:
    """Converts the client's exceptions into this package's errors, and hides secrets in errors and warnings.

    Args:
        name: Name of the backend, with which messages begin.
        redact: Hides secrets.
        watchdog: Knows whether a request was sent that may have created a job.
    """

    def __init__(self, name: str, redact: Redactor, watchdog: Watchdog) -> None:
        self._name, self._redact, self._watchdog = name, redact, watchdog

    def ask(self, step: Step, question: Callable[[], Answer], job: str = "") -> Answer:
        """Return the answer of a call of the client.

        Args:
            step: The request.
            question: Makes the call.
            job: The job of the request, if any.

        Raises:
            BackendError: If the call fails. The error has no traceback of the client's exception, which could contain a
                secret.
        """
        posts = self._watchdog.posts
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            answer, failed = self._tried(step, question, job, posts)
        for warning in caught:
            warnings.warn(self._redact(str(warning.message)), warning.category, stacklevel=3)
        if failed is not None:
            raise failed
        return cast(Answer, answer)

    def _tried(
        self, step: Step, question: Callable[[], Answer], job: str, posts: int
    ) -> tuple[Any, BackendError | None]:
        try:
            return question(), None
        except QnetError:
            raise
        except Exception as error:
            sent = self._watchdog.posts > posts
            told = self._kind(error, step, job, sent)
            told.doubtful = step is SUBMIT and sent
            return None, told

    def _kind(self, error: Exception, step: Step, job: str, sent: bool) -> BackendError:
        chain = _chain(error)
        status = status_of(error)
        reason = self._redact(_reason(error, status))
        failed = f"{self._name}: {step.doing} failed: {reason}"
        # What requests, and its exceptions, raise about a connection are all OSErrors.
        broken = any(isinstance(each, OSError) for each in chain)
        if status in (401, 403) or (step.alone and (status == 400 or (status is None and not broken))):
            return AccountError(f"{failed}; {_ACCOUNT}")
        if status == 404 and job:
            return JobMissingError(
                f"{failed}; the platform does not know job {job}: it was deleted, or belongs to another account",
                job,
            )
        if status == 429:
            return BusyError(f"{failed}; wait until jobs have ended or cancel some, then try again")
        if status is not None and 400 <= status < 500:
            first = f"{step.lost}; if there is none, " if step is SUBMIT and sent else ""
            return RefusedError(f"{failed}; {first}what was asked for must be changed")
        if step is SUBMIT and not (sent or broken or status):
            return RefusedError(f"{failed}; nothing was submitted: the client itself refuses this")
        return UnreachableError(f"{failed}; {step.lost}")


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception and its causes. The client suppresses the display of causes, but keeps them."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status of an exception or of one of its causes; None if no answer came."""
    return next((found for each in _chain(error) if (found := _status(each)) is not None), None)


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    for found in (getattr(error, "status_code", None), getattr(response, "status_code", None)):
        if isinstance(found, int) and 400 <= found < 600:
            return found
    return None


def _reason(error: Exception, status: int | None) -> str:
    """Return the platform's message in one line, or the client's if the platform gives none."""
    text = getattr(error, "message", None) or str(error)
    said = _said(str(text))
    if status is not None:
        phrase = http.HTTPStatus(status).phrase if status in set(http.HTTPStatus) else "error"
        return f"the platform answered {status} {phrase}" + (f", {said!r}" if said else "")
    return said or one_line(f"{type(error).__name__}: {text}")


def _said(text: str) -> str:
    """Return the platform's own message, which the client appends as JSON."""
    found = re.search(r'\{\s*"errors?".*\}', text, re.DOTALL)
    if found is None:
        return ""
    try:
        plain = json.loads(found.group())
        first = plain["errors"][0] if "errors" in plain else plain["error"]
        return one_line(". ".join(part for part in (first["message"], first.get("solution")) if part))
    except (ValueError, KeyError, TypeError, IndexError):
        return ""


def one_line(text: str) -> str:
    """Return a text of limited length, without line breaks."""
    return " ".join(text.split())[:_LONGEST]
