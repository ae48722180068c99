"""The platform over HTTP: requests, the faults they meet, and a channel to steer it from outside."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, unquote, urlsplit

from qnet_circuits.backends.ibm.processor import RuntimeBackend
from tests.platform.environment import environment, in_force, without_certificates
from tests.platform.faults import Fault, JobFault, Reject
from tests.platform.jobs import Jobs
from tests.platform.processors import Processor
from tests.platform.routes import Request, Routes

CONTROL = "/_control/"


class Soon:
    """A clock that keeps time, and whose pauses are short."""

    time, monotonic = staticmethod(time.time), staticmethod(time.monotonic)

    def sleep(self, seconds: float, /) -> None:
        """Wait for a moment at most."""
        time.sleep(min(seconds, 0.05))


class PlatformServer:
    """The platform, in this process or, with ``python -m tests.platform``, in one of its own.

    Args:
        backends: Class names of the stand-in devices that it offers as processors.
        noisy: Whether the processors have the errors of their calibration.
        port: The port; any free one by default.
        directory: Where jobs are kept.
        options: Those of ``Jobs`` (queue_seconds, run_seconds, seed) and ``Routes`` (api_keys, max_pending, usage_limit).
    """

    def __init__(
        self,
        backends: Sequence[str] = ("FakeManilaV2",),
        noisy: bool = True,
        port: int = 0,
        directory: Path | None = None,
        **options: Any,
    ) -> None:
        processors = {p.name: p for p in (Processor(fake, noisy) for fake in backends)}
        own = ("queue_seconds", "run_seconds", "seed")
        queue = {name: options.pop(name) for name in own if name in options}
        self.jobs = Jobs(processors, directory=directory, **queue)
        self.routes = Routes(processors, self.jobs, **options)
        self.faults: list[Fault] = []
        self.log: list[dict[str, Any]] = []
        handler = type("Handler", (_Handler,), {"platform": self})
        self._http = _Server(("127.0.0.1", port), handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> PlatformServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @contextlib.contextmanager
    def in_environment(self) -> Iterator[PlatformServer]:
        """Run, with this process's environment naming this platform and nothing else.

        Who waits for a job asks soon and often, unless a test has set another clock.
        """
        clock = Soon() if RuntimeBackend.clock is time else RuntimeBackend.clock
        patched = mock.patch.object(RuntimeBackend, "clock", clock)
        with self, in_force(environment(self.url)), without_certificates(), patched:
            yield self

    def fail(self, kind: str, method: str = ".*", path: str = ".*", **more: Any) -> Fault:
        """Add a rule for requests."""
        fault = Fault(kind, method, path, **more)
        self.faults.append(fault)
        return fault

    def fail_jobs(self, **rule: Any) -> None:
        """Add a rule for jobs."""
        self.jobs.faults.append(JobFault(**rule))

    def heal(self) -> None:
        """Remove all rules."""
        self.faults.clear()
        self.jobs.faults.clear()

    def requests(self, method: str, path: str) -> list[dict[str, Any]]:
        """Return the requests that came, by method and the end of their path."""
        return [each for each in self.log if each["method"] == method and each["path"].endswith(path)]

    def set(self, **values: Any) -> None:
        """Change queue_seconds, run_seconds, lag, used_seconds, max_pending, api_keys or usage_limit."""
        for name, value in values.items():
            owner = self.jobs if hasattr(self.jobs, name) else self.routes
            assert hasattr(owner, name), name
            setattr(owner, name, value)

    def control(self, what: str, data: Any) -> Any:
        """Do what a control request asks, and return the answer."""
        if what == "faults":
            return self.fail(**data).kind
        if what == "job_faults":
            return self.fail_jobs(**data)
        if what == "heal":
            return self.heal()
        if what == "set":
            return self.set(**data)
        if what == "jobs":
            return [self.jobs.public(record) for record in self.jobs.records.values()]
        return {"log": self.log}[what]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: broken connections are part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Else the body of each answer waits 40 ms for the client to confirm the head.
    disable_nagle_algorithm = True
    platform: PlatformServer

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        url = urlsplit(self.path)
        # The client leaves a URL with the word "experimental" as it is, instead of rewriting it to IBM's host.
        path = unquote(url.path).removeprefix("/experimental")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, path, parse_qs(url.query), self.headers, body)
        if path.startswith(CONTROL):
            answer = self.platform.control(path.removeprefix(CONTROL), json.loads(body or b"null"))
            return self._send(200, answer)
        fault = next((f for f in self.platform.faults if f.fires(self.command, path)), None)
        self.platform.log.append(
            {"method": self.command, "path": path, "fault": fault.kind if fault else None}
        )
        return self._answer(request) if fault is None else self._meet(fault, request)

    do_GET = do_POST = do_PUT = do_DELETE = _handle

    def _meet(self, fault: Fault, request: Request) -> None:
        """Answer, or not, as a fault has it."""
        rejected = Reject(fault.status, 9999, fault.message).body
        if fault.kind in ("hang", "delay"):
            time.sleep(fault.delay)
        if fault.kind == "status":
            return self._send(fault.status, rejected, fault.headers)
        if fault.kind in ("drop", "hang"):
            return self._close()
        status, body = self._worked(request)
        if fault.kind == "hang_after":
            time.sleep(fault.delay)
        if fault.kind in ("drop_after", "reset_after", "hang_after"):
            return self._close(reset=fault.kind == "reset_after")
        if fault.kind == "status_after":
            return self._send(fault.status, rejected, fault.headers)
        if fault.kind == "malformed":
            return self._send(200, "<html>not json</html>")
        return self._send(status, body, whole=fault.kind != "truncate")

    def _answer(self, request: Request) -> None:
        self._send(*self._worked(request))

    def _worked(self, request: Request) -> tuple[int, Any]:
        try:
            return self.platform.routes.answer(request)
        except Reject as reject:
            return reject.status, reject.body
        except Exception:
            return 500, {"errors": [{"code": 0, "message": traceback.format_exc()}]}

    def _send(
        self, status: int, body: Any, headers: dict[str, str] | None = None, whole: bool = True
    ) -> None:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if whole:
            self.wfile.write(content)
        else:
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self._close()

    def _close(self, reset: bool = False) -> None:
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()
        self.close_connection = True
