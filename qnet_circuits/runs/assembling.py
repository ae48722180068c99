"""From a run's estimates to its result: beside them what the manifest says of ideal values, theory and origin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.protocol import Analyzed
from qnet_circuits.runs.results.outcomes import cut_notes
from qnet_circuits.runs.results.result import Result
from qnet_circuits.theory.estimate import Estimate

_ORIGIN = ("version", "protocol", "parameters", "backend", "corrections", "seed", "noise", "layout", "run_id")


def assemble(
    manifest: Mapping[str, Any],
    figures: Sequence[Figure],
    estimates: Mapping[str, Estimate],
    empty: Sequence[str] = (),
    spreads: Mapping[str, Any] | None = None,
    found: Analyzed | None = None,
    seconds: Mapping[str, float] | None = None,
) -> Result:
    """Return the result of a run.

    Args:
        manifest: The run's.
        figures: The declared figures.
        estimates: Their estimates.
        empty: Figures without a value, since no shot met their condition.
        spreads: The spread of each figure between blocks.
        found: What the protocol itself found in the outcomes.
        seconds: How long each step took.
    """
    found = found or Analyzed({})
    silent = manifest["corrections"] == "none"
    ideal = {figure.name: figure.without_messages if silent else figure.ideal for figure in figures}
    return Result(
        figures={**estimates, **found.figures},
        ideal={name: value for name, value in ideal.items() if value is not None},
        theory={} if silent else dict(manifest["theory"]),
        predicted=dict(manifest.get("predicted", {})),
        bounds=manifest["bounds"],
        resources=manifest["resources"],
        provenance=_provenance(manifest),
        notes=tuple(dict.fromkeys([*_notes(manifest, empty, silent), *cut_notes(estimates), *found.notes])),
        seconds=dict(seconds or {}),
        blocks=dict(spreads or {}),
        more=dict(found.more),
        refused=found.refused,
        secrets=found.secrets,
        report=found.report,
    )


def _provenance(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return where figures come from."""
    options = manifest["options"]
    provenance = {key: manifest[key] for key in _ORIGIN}
    provenance["shots"] = None if options.get("own_shots") else options["shots"]
    if options.get("controls"):
        provenance["controls"] = True
    if manifest.get("engine") == "exact":
        provenance.update(engine="exact", shots=None, seed=None)
    return provenance


def _notes(manifest: Mapping[str, Any], empty: Sequence[str], silent: bool) -> list[str]:
    """Return what a reader must know."""
    notes = list(manifest["notes"])
    if manifest.get("simulated") and not any(note.startswith("simulated") for note in notes):
        notes.insert(0, "simulated: no processor made these figures")
    notes += [f"{name} has no value: no shot met its condition" for name in empty]
    if silent:
        notes.append("messages withheld (corrections=none): ideal is the value without them")
    return notes
