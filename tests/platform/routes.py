"""The platform's REST interface, as far as the client uses it for jobs."""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from tests.platform.faults import Reject
from tests.platform.jobs import FINAL, Jobs
from tests.platform.processors import Processor

API = "/api/v1"
CRN = (
    "crn:v1:bluemix:public:quantum-computing:us-east:a/0123456789abcdef0123456789abcdef:"
    "11111111-2222-3333-4444-555555555555::"
)
Answer = tuple[int, Any]


class Request(NamedTuple):
    """A request.

    Args:
        method: The method.
        path: The path, without the query.
        query: The query.
        headers: The headers.
        body: The body.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Any
    body: bytes

    def one(self, name: str) -> str | None:
        """Return a query parameter, or None."""
        return self.query.get(name, [None])[0]  # type: ignore[list-item]


class Routes:
    """Answers requests.

    Args:
        processors: The processors by name.
        jobs: The jobs.
        api_keys: The keys that are accepted; None for any.
        max_pending: How many jobs may wait or run at once; None for any number.
        usage_limit: Seconds that the instance may use.
    """

    def __init__(
        self,
        processors: dict[str, Processor],
        jobs: Jobs,
        api_keys: set[str] | None = None,
        max_pending: int | None = None,
        usage_limit: int = 600,
    ) -> None:
        self.processors, self.jobs, self.api_keys = processors, jobs, api_keys
        self.max_pending, self.usage_limit = max_pending, usage_limit
        self.tokens: dict[str, float] = {}

    def answer(self, request: Request) -> Answer:
        """Return status and body, or raise Reject."""
        match (request.method, request.path.strip("/").split("/")):
            case ("POST", ["identity", "token"]):
                return self._token(request)
            case ("POST", ["v3", "resources", "search"]):
                return 200, {"items": [self.instance()], "limit": 100}
            case ("GET", ["catalog", plan]):
                names = {"overview_ui": {"en": {"display_name": "Open"}}}
                return 200, {"id": plan, **names, "metadata": {"pricing": {"type": "free"}}}
            case (_, ["api", "v1", *parts]):
                self.authorise(request)
                return self._api(request, parts)
        raise Reject(404, 1000, f"no such path {request.path}")

    def _api(self, request: Request, parts: list[str]) -> Answer:
        match (request.method, parts):
            case ("GET", ["backends"]):
                return 200, {"devices": [processor.entry for processor in self.processors.values()]}
            case ("GET", ["backends", name, what]) if what in ("configuration", "properties", "status"):
                if name not in self.processors:
                    raise Reject(404, 1007, "Backend not found", "Verify the backend name")
                return 200, getattr(self.processors[name], what)
            case ("GET", ["instances", "usage"]):
                return 200, self._usage()
            case ("POST", ["jobs"]):
                return self._create(json.loads(request.body))
            case ("GET", ["jobs"]):
                return self._list(request)
            case (_, ["jobs", job, *rest]):
                if job not in self.jobs.records:
                    raise Reject(404, 1291, f"Job not found. Job ID: {job}", "Check the job ID")
                return self._job(request, job, rest)
        raise Reject(404, 1000, f"no such endpoint {request.method} {request.path}")

    # -- accounts --------------------------------------------------------------------------------------------------

    def _token(self, request: Request) -> Answer:
        key = parse_qs(request.body.decode()).get("apikey", [""])[0]
        if self.api_keys is not None and key not in self.api_keys:
            return 400, {"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."}
        begin = int(time.time())
        claims = {"iat": begin, "exp": begin + 3600, "jti": secrets.token_hex(8)}
        # The client decodes the token, without verifying it: three parts with dots between them.
        token = ".".join(map(_part, ({"alg": "RS256", "typ": "JWT"}, claims, {"signature": 0})))
        self.tokens[token] = begin + 3600
        return 200, {
            "access_token": token, "refresh_token": "not_supported", "token_type": "Bearer",
            "expires_in": 3600, "expiration": begin + 3600, "scope": "ibm openid",
        }  # fmt: skip

    def instance(self) -> dict[str, Any]:
        """Return the account's instance, as the list of instances has it."""
        # The client skips an instance without extensions.
        extensions = {"backend_allocation": list(self.processors)}
        return {
            "crn": CRN, "name": "open", "service_plan_unique_id": "plan-open", "tags": [],
            "doc": {"extensions": extensions},
        }  # fmt: skip

    def authorise(self, request: Request) -> None:
        """Reject a request that no account stands behind."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        known = {
            "Bearer": self.tokens.get(secret, 0.0) > time.time(),
            "apikey": self.api_keys is None or secret in self.api_keys,
        }
        if not known.get(scheme, False):
            raise Reject(401, 1200, "Authentication failed: the token is invalid or expired")
        if request.headers.get("Service-CRN") != CRN:
            raise Reject(403, 1214, "No access to the instance", "Check the Service-CRN header")

    def _usage(self) -> dict[str, Any]:
        return {
            "instance_id": CRN,
            "usage_consumed_seconds": int(self.jobs.used_seconds),
            "usage_limit_seconds": self.usage_limit,
            "usage_limit_reached": self.jobs.used_seconds >= self.usage_limit,
        }

    # -- jobs ------------------------------------------------------------------------------------------------------

    def _create(self, payload: dict[str, Any]) -> Answer:
        if payload.get("backend") not in self.processors:
            raise Reject(404, 1007, f"Backend {payload.get('backend')} not found")
        if payload.get("program_id") != "executor":
            raise Reject(404, 1216, f"Program {payload.get('program_id')} not found")
        with self.jobs.lock:
            if self.max_pending is not None and self.jobs.pending() >= self.max_pending:
                raise Reject(429, 1012, "The user reached the maximum number of jobs running concurrently")
            record = self.jobs.create(payload, CRN)
        return 200, {"id": record["id"], "backend": record["backend"]}

    def _list(self, request: Request) -> Answer:
        found = self.jobs.visible(CRN)
        if tags := request.query.get("tags"):
            found = [record for record in found if set(tags) <= set(record["tags"])]
        if name := request.one("backend"):
            found = [record for record in found if record["backend"] == name]
        if request.one("sort") != "ASC":
            found = found[::-1]
        offset, limit = int(request.one("offset") or 0), int(request.one("limit") or 200)
        page = [self.jobs.public(record) for record in found[offset : offset + limit]]
        return 200, {"jobs": page, "count": len(found), "limit": limit, "offset": offset}

    def _job(self, request: Request, job: str, rest: list[str]) -> Answer:
        record = self.jobs.records[job]
        match (request.method, rest):
            case ("GET", []):
                return 200, self.jobs.public(record, request.one("exclude_params") != "true")
            case ("DELETE", []):
                del self.jobs.records[job]
                return 204, ""
            case ("GET", ["results"]):
                return (200, self.jobs.results[job]) if job in self.jobs.results else (204, "")
            case ("POST", ["cancel"]):
                if not self.jobs.end(job, "Cancelled", reason="cancelled by user"):
                    raise Reject(409, 1294, "Job is already in a final state")
                return 204, ""
            case ("GET", ["metrics"]):
                ended = record["state"]["status"] in FINAL and "seconds" in record
                seconds = record["seconds"] if ended else 0
                usage = {"qpu_charge_time_seconds": seconds, "status": "complete" if ended else "pending"}
                return 200, {"timestamps": record["timestamps"], "usage": usage}
        raise Reject(404, 1000, "no such endpoint")


def _part(plain: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).rstrip(b"=").decode()
