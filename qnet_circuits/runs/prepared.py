"""What a dry run finds: a run that is checked and cannot start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qnet_circuits.backends.service.cost import Cost
from qnet_circuits.compiling.compiled import Compiled


@dataclass(frozen=True)
class Prepared:
    """A run as ``submit`` would make it, written nowhere and submitted nowhere. Made by ``submit(..., dry_run=True)``.

    Args:
        manifest: What the run's manifest would say, in plain values.
        compiled: The compiled program.
        cost: What its jobs cost, where they are jobs of a service; otherwise None.

    Example:
        >>> from qnet_circuits.protocols.repeater_chain import RepeaterChain
        >>> from qnet_circuits.runs.verbs import submit
        >>> found = submit(RepeaterChain(hops=2), "local:fake_manila", shots=1000, seed=1, dry_run=True)
        >>> len(found.jobs), found.cost.executions
        (1, 3000)
    """

    manifest: Mapping[str, Any]
    compiled: Compiled
    cost: Cost | None = None

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """The jobs that it would have, in plain values."""
        return list(self.manifest["jobs"])

    @property
    def notes(self) -> tuple[str, ...]:
        """What a result of it would say."""
        return tuple(self.manifest["notes"])

    @property
    def seconds(self) -> dict[str, float]:
        """How long each step took so far."""
        return dict(self.manifest["seconds"])

    def summary(self) -> dict[str, Any]:
        """Return in plain values what the run would be, as ``Run.summary`` does."""
        keys = ("run_id", "protocol", "parameters", "backend", "status", "created")
        said = {key: self.manifest[key] for key in keys}
        return {**said, "job": None, "jobs": [], "planned_jobs": len(self.jobs), "reason": None}

    def __repr__(self) -> str:
        return f"<Prepared {self.manifest['protocol']} on {self.manifest['backend']}: a dry run>"
