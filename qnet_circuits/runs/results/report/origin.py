"""The origin of a run, simulated, computed or measured on a processor, for the title of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from qnet_circuits.runs.manifest import Manifest
    from qnet_circuits.runs.results.result import Result


class Origin(NamedTuple):
    """The origin of figures: for the title, and in a sentence."""

    title: str
    sentence: str


def origin_of(result: Result, manifest: Manifest | None) -> Origin:
    """Return the origin of the figures of a result, as far as it is known.

    Args:
        result: The result.
        manifest: The manifest of the run, if known; otherwise the notes of the result are used.
    """
    what, backend = str(result.provenance.get("protocol", "")), str(result.provenance.get("backend", ""))
    if manifest is not None and manifest.get("origin") is not None:
        said = manifest["origin"] or "nobody said where"
        return Origin(
            f"{what}, measured elsewhere", f"The outcomes were measured elsewhere and handed in: {said}."
        )
    simulated = any(note.startswith("simulated") for note in result.notes)
    if manifest is not None:
        simulated = simulated or bool(manifest["simulated"])
    if simulated and result.provenance.get("engine") == "exact":
        return Origin(
            f"Simulated: {what} on {backend}",
            "Figures were computed exactly for a model of the noise. Nothing was sampled, and no processor was used.",
        )
    if simulated:
        return Origin(f"Simulated: {what} on {backend}", "Outcomes were simulated. No processor was used.")
    if backend.startswith("ibm:"):
        name = backend.removeprefix("ibm:")
        return Origin(f"{what} on the processor {name}", f"Outcomes were measured on the processor {name}.")
    return Origin(
        f"{what} on {backend}", "It is not known whether the backend is a simulation or a processor."
    )
