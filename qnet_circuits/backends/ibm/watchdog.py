"""Time limits and repetitions of requests: the client itself would wait for ever, and repeat too many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.util.retry import Retry

#: Seconds until a connection must stand, and between a request and its answer, or between two pieces of one.
CONNECT, READ = 10.0, 60.0
#: Creating a job takes the platform longer than anything else.
_POST = 3
_TRANSIENT = (429, 500, 502, 503, 504, 520, 521, 522, 524)
#: Nothing is slept on longer than this, whatever the platform asks for: whoever waits for a job asks again anyway.
_PATIENCE = 20.0
_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})


class _Retry(Retry):
    """Repeats requests that may be repeated. The platform's requested pause is respected, up to a limit."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, _PATIENCE)


class Watchdog(HTTPAdapter):
    """Sends a session's requests, each with a time limit.

    A request that creates something is sent only once. If its answer is lost, it may have succeeded, and a repetition would
    make, and charge, a second job. The caller looks for the job instead.

    Args:
        connect: Longest time to make a connection, in seconds.
        read: Longest time to wait for an answer, and for each piece of it, in seconds. A request that creates something may
            take three times as long.
        repeats: The number of repetitions of any other request, with growing pauses.
    """

    def __init__(self, connect: float = CONNECT, read: float = READ, repeats: int = 3) -> None:
        self._connect, self._read = connect, read
        #: How many requests that create something were sent.
        self.posts = 0
        retries = _Retry(
            total=repeats,
            read=1,
            backoff_factor=0.5,
            status_forcelist=_TRANSIENT,
            allowed_methods=_IDEMPOTENT,
            raise_on_status=False,
        )
        super().__init__(max_retries=retries)

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a request with the watchdog's time limit, whatever limit the sender gave."""
        creates = request.method == "POST"
        self.posts += creates
        limit = (self._connect, self._read * (_POST if creates else 1))
        return super().send(request, stream, limit, verify, cert, dict(proxies or {}))

    def watch(self, session: Session) -> None:
        """Take over a session's requests."""
        for scheme in ("https://", "http://"):
            session.mount(scheme, self)
