"""The platform's jobs: created, queued, run one after the other, cancelled, and kept on disk if wanted."""

from __future__ import annotations

import datetime
import json
import secrets
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from tests.platform.execution import run_job
from tests.platform.faults import JobFault
from tests.platform.processors import Processor

FINAL = ("Completed", "Failed", "Cancelled")
_HIDDEN = ("params", "crn", "timestamps", "sequence", "seconds", "log_level")


def now() -> str:
    """Return the time as the platform writes it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Jobs:
    """All jobs of the platform.

    Args:
        processors: The processors by name.
        queue_seconds: How long a job waits before it runs.
        run_seconds: How long it runs at least.
        seed: Seed of all outcomes.
        directory: Where jobs are kept, so that a platform that is started again knows them; None for nowhere.
    """

    def __init__(
        self,
        processors: dict[str, Processor],
        queue_seconds: float = 0.0,
        run_seconds: float = 0.0,
        seed: int = 1,
        directory: Path | None = None,
    ) -> None:
        self._processors, self._seed, self._directory = processors, seed, directory
        self.queue_seconds, self.run_seconds = queue_seconds, run_seconds
        self.lag = 0.0
        self.records: dict[str, dict[str, Any]] = {}
        self.results: dict[str, str] = {}
        self.faults: list[JobFault] = []
        self.used_seconds = 0.0
        self.lock = threading.RLock()
        self._processor = threading.Lock()  # One job at a time.
        self._born: dict[str, float] = {}
        if directory is not None:
            self._load(directory)

    def create(self, payload: dict[str, Any], crn: str) -> dict[str, Any]:
        """Create a job, and have it run."""
        record = {
            "id": "d" + "".join(secrets.choice("0123456789abcdefghijklmnopqrstuv") for _ in range(19)),
            "crn": crn,
            "backend": payload["backend"],
            "program": {"id": payload["program_id"]},
            "params": payload["params"],
            "tags": payload.get("tags") or [],
            "private": bool(payload.get("private")),
            "cost": payload.get("cost"),
            "log_level": payload.get("log_level"),
            "state": {"status": "Queued"},
            "created": now(),
            "timestamps": {"created": now(), "running": None, "finished": None},
            "estimated_running_time_seconds": 2.0,
            "sequence": len(self.records),
        }
        with self.lock:
            self.records[record["id"]] = record
            self._born[record["id"]] = time.monotonic()
            self._save(record["id"])
        self._start(record["id"])
        return record

    def pending(self) -> int:
        """Return how many jobs have not ended."""
        return sum(record["state"]["status"] not in FINAL for record in self.records.values())

    def visible(self, crn: str) -> list[dict[str, Any]]:
        """Return the jobs that the list shows by now, oldest first."""
        before = time.monotonic() - self.lag
        records = sorted(self.records.values(), key=lambda record: record["sequence"])
        return [r for r in records if r["crn"] == crn and self._born.get(r["id"], 0.0) <= before]

    def end(self, job: str, status: str, **state: Any) -> bool:
        """Put a job into a last state; False if it has ended already."""
        with self.lock:
            record = self.records[job]
            if record["state"]["status"] in FINAL:
                return False
            record["state"] = {"status": status, **state}
            record["timestamps"]["finished"] = now()
            self._save(job)
            return True

    def public(self, record: dict[str, Any], with_params: bool = False) -> dict[str, Any]:
        """Return what the platform says of a job."""
        shown = {key: value for key, value in record.items() if key not in _HIDDEN and value is not None}
        return {
            **shown,
            "status": record["state"]["status"],
            **({"params": record["params"]} if with_params else {}),
        }

    def _start(self, job: str) -> None:
        threading.Thread(target=self._work, args=(job,), daemon=True).start()

    def _work(self, job: str) -> None:
        record = self.records[job]
        with self._processor:
            begin = time.monotonic()
            # Looked at again and again: a cancelled job holds up nobody, and a queue can be cut short.
            while record["state"]["status"] == "Queued" and time.monotonic() < begin + self.queue_seconds:
                time.sleep(min(0.02, self.queue_seconds))
            with self.lock:
                if record["state"]["status"] != "Queued":
                    return
                record["state"] = {"status": "Running"}
                record["timestamps"]["running"] = now()
                self._save(job)
            begin = time.monotonic()
            fault = next((fault for fault in self.faults if fault.applies(record["tags"])), None)
            self._run(job, record) if fault is None else self._fail(job, record, fault)
            record["seconds"] = round(max(time.monotonic() - begin, 1.0), 3)
            self.used_seconds += record["seconds"]

    def _run(self, job: str, record: dict[str, Any]) -> None:
        time.sleep(self.run_seconds)
        processor = self._processors[record["backend"]]
        try:
            result = run_job(processor, record["params"], (self._seed, record["sequence"]))
        except Exception as error:
            self.results[job] = traceback.format_exc()
            self.end(job, "Failed", reason=f"{type(error).__name__}: {error}", reason_code=1517)
            return
        with self.lock:
            if record["state"]["status"] == "Running":
                self.results[job] = result
            self.end(job, "Completed")

    def _fail(self, job: str, record: dict[str, Any], fault: JobFault) -> None:
        time.sleep(self.run_seconds)
        if fault.status == "Running":
            while record["state"]["status"] == "Running":
                time.sleep(0.02)
            return
        self.results[job] = "Traceback (most recent call last):\nRuntimeError: injected"
        self.end(job, fault.status, reason=fault.reason, reason_code=fault.reason_code)

    def _save(self, job: str) -> None:
        if self._directory is None:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        temporary = self._directory / f".{job}.tmp"
        temporary.write_text(json.dumps({**self.records[job], "result": self.results.get(job)}))
        temporary.replace(self._directory / f"{job}.json")

    def _load(self, directory: Path) -> None:
        for file in sorted(directory.glob("*.json")):
            record = json.loads(file.read_text())
            if (result := record.pop("result")) is not None:
                self.results[record["id"]] = result
            self.records[record["id"]] = record
            if record["state"]["status"] not in FINAL:
                record["state"] = {"status": "Queued"}
                self._start(record["id"])
