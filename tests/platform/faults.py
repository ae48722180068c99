"""What goes wrong on demand: requests that fail in transit, and jobs that fail on the processor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

KINDS = (
    "status",  # answer with `status`; nothing is done
    "status_after",  # do what was asked, then answer with `status`
    "drop",  # close the connection; nothing is done
    "drop_after",  # do what was asked, then close the connection without an answer
    "reset_after",  # the same, with a TCP reset
    "hang",  # wait `delay` seconds, then close; nothing is done
    "hang_after",  # do what was asked, wait `delay` seconds, then close
    "delay",  # wait `delay` seconds, then go on as usual
    "truncate",  # announce the whole answer and send half of it
    "malformed",  # answer 200 with something that is no JSON
)


@dataclass
class Fault:
    """A rule for requests: the first live one that matches fires, and counts down.

    Args:
        kind: One of ``KINDS``.
        method: Regular expression for the whole method.
        path: Regular expression searched for in the path, without the query.
        count: How often it fires; -1 for ever.
        skip: How many matching requests pass first.
        status: The HTTP status of the kinds that answer with one.
        delay: Seconds of the kinds that wait.
        headers: Headers of the answer, such as Retry-After.
        message: What the platform says in its error body.
    """

    kind: str
    method: str = ".*"
    path: str = ".*"
    count: int = 1
    skip: int = 0
    status: int = 503
    delay: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "injected by the stand-in"
    fired: int = 0

    def __post_init__(self) -> None:
        assert self.kind in KINDS, self.kind

    def fires(self, method: str, path: str) -> bool:
        """Tell whether the rule applies to a request, and count."""
        if self.count == 0 or not re.fullmatch(self.method, method) or not re.search(self.path, path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.count -= self.count > 0
        self.fired += 1
        return True


@dataclass
class JobFault:
    """A rule for jobs: the first live one that matches decides how the job ends.

    Args:
        tag: Only jobs that carry this tag; any job if empty.
        status: The job's last state, ``Failed`` or ``Cancelled``; ``Running`` for a job that never ends.
        reason: What the platform says about it.
        reason_code: The platform's number for it.
        count: How often it applies; -1 for ever.
    """

    tag: str = ""
    status: str = "Failed"
    reason: str = "injected failure"
    reason_code: int = 1517
    count: int = -1

    def applies(self, tags: Sequence[str]) -> bool:
        """Tell whether the rule applies to a job with these tags, and count."""
        if self.count == 0 or (self.tag and self.tag not in tags):
            return False
        self.count -= self.count > 0
        return True


class Reject(Exception):
    """Answer with an error in the platform's own shape.

    Args:
        status: HTTP status.
        code: The platform's number.
        message: What is wrong.
        solution: What to do.
    """

    def __init__(self, status: int, code: int, message: str, solution: str = "") -> None:
        super().__init__(message)
        self.status = status
        error: dict[str, Any] = {"code": code, "message": message, "solution": solution}
        self.body = {
            "errors": [{**error, "more_info": "https://quantum.cloud.ibm.com/docs/errors"}],
            "trace": "0",
        }
