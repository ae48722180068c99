"""From a stored run to its result. Nothing is run, read or written here."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from qnet_circuits.backends.base import Raw
from qnet_circuits.errors import QnetError
from qnet_circuits.programs.counting import Counted, Seen
from qnet_circuits.programs.expressions import Expression
from qnet_circuits.programs.figures import Figure, Outcomes
from qnet_circuits.programs.protocol import Analysis, Analyzed, Protocol, ask, deduced
from qnet_circuits.runs.copies import by_copy, estimated, figures_of_copies, of_all
from qnet_circuits.runs.directory import SECRET_FILE
from qnet_circuits.runs.manifest import Manifest, StoredCircuit
from qnet_circuits.runs.mitigation.stored import mitigate_blocks
from qnet_circuits.runs.options import ANALYSIS, stream_seed
from qnet_circuits.runs.results.outcomes import (
    Spread,
    acceptance,
    corrected_copies,
    cut_notes,
    estimate_blocks,
    pooled,
    spread_of,
)
from qnet_circuits.runs.results.result import Result
from qnet_circuits.theory.estimate import Estimate

#: Said where a run's secret bytes are gone, or were not handed on with its directory.
ANOTHER_SECRET = (
    f"{SECRET_FILE} is missing, so values that follow from it, such as a key, differ from earlier analyses "
    "of this run"
)
#: Said where a run's secrets would be made otherwise than it was said when it was submitted.
OTHER_PARAMETERS = (
    "parameters: the run was made with other parameters, or by another class than the registered one of its name. The key "
    "depends on both, so this analysis gives figures and no key"
)
#: Said where outcomes were measured elsewhere and would become a secret: who hands them in knows them.
HANDED_IN = "origin: the outcomes were measured elsewhere and handed in, so they give figures and no key"
#: Said of an exact run whose protocol makes more of outcomes than figures.
NOT_SAMPLED = "nothing was sampled, so there is nothing that the protocol makes from outcomes, such as a key"
#: Said of a run of copies.
OF_COPIES = (
    "figures are of all copies together, an average over the qubits of the layout, in which each copy counts by the shots that "
    "are kept of it"
)
#: Said of one that was sampled.
OF_THEIR_SHOTS = "intervals are of the shots of these copies, which are taken as independent, and say nothing of other qubits"
#: What a figure of no declared range is to the spread between blocks.
_ANY = Figure("figure", Expression())
_ORIGIN = ("version", "protocol", "parameters", "backend", "corrections", "seed", "noise", "layout", "run_id")


@dataclass(frozen=True)
class Stored:
    """A stored run: all data for its analysis.

    Args:
        manifest: The manifest of the run.
        figures: The figures to compute.
        blocks: The raw outcomes of each block; None if the run was computed exactly.
        values: The exact values; None if the run was sampled.
        protocol: The protocol, if its class is known and it makes more from outcomes than figures.
        root: The secret bytes that such a protocol expands.
        lost: Whether the secret bytes differ from those of earlier analyses.
        other: Whether the protocol has another class or other parameters than the run was made with.
        left_out: Notes on blocks without outcomes.
        seconds: The duration of each step so far.
        counts: The counts of the figures' events in each block, if the run kept no outcomes.
    """

    manifest: Manifest
    figures: Sequence[Figure]
    blocks: Sequence[Sequence[Raw]] | None = None
    values: Mapping[str, Estimate] | None = None
    protocol: Protocol | None = None
    root: bytes = field(default=b"", repr=False)
    lost: bool = False
    other: bool = False
    left_out: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    counts: Sequence[Mapping[str, Seen]] | None = None

    def rng(self) -> np.random.Generator:
        """Return the random generator of the analysis, the same each time."""
        return np.random.default_rng(stream_seed(self.manifest["seed"], ANALYSIS))

    def resampling(self) -> np.random.Generator:
        """Return the random generator for intervals of functions of a state, the same each time and independent of others."""
        return self.rng().spawn(1)[0]

    def outcomes(self) -> list[Outcomes]:
        """Return the corrected outcomes of each block, pooled over all copies."""
        return [pooled(copies) for copies in self.copies()]

    def copies(self) -> list[list[Outcomes]]:
        """Return the corrected outcomes of each copy in each block; a run without copies has one."""
        rng, manifest = self.rng(), self.manifest
        return [
            corrected_copies(manifest.circuits, manifest.copies or 1, raws, rng) for raws in self.blocks or ()
        ]


def analyse(stored: Stored, level: float) -> Result:
    """Return the result of a run.

    Args:
        stored: The stored run.
        level: Confidence level of the intervals.

    Raises:
        NoShotsError: If post-selection left a figure without shots.
    """
    if stored.counts is not None:
        return _of_counts(stored, stored.counts, level)
    if stored.blocks is None:
        values, own = stored.values or {}, _deduced(stored, level)
        result = _with_copies(
            _result(stored, of_all(values), own=own), stored, by_copy(values, stored.manifest.copies)
        )
        return result if stored.protocol is None or own else _saying(result, NOT_SAMPLED)
    begin, circuits = time.perf_counter(), stored.manifest.circuits
    apart = stored.copies()
    blocks = list(map(pooled, apart))
    whole = pooled(blocks)

    def estimate(figure: Figure, each: Outcomes) -> Estimate:
        return figure.estimate(each, level, stored.resampling() if figure.resamples else None)

    estimates, empty, spreads = estimate_blocks(stored.figures, whole, blocks, estimate)
    copies = stored.manifest.copies
    kept, kept_spreads = acceptance(
        circuits, stored.figures, whole, blocks, level, lambda each: sum(each.counted(copies or 1))
    )
    own, own_spreads = _own_of_blocks(stored, whole, blocks, level)
    result = _result(stored, {**estimates, **kept}, empty, own)
    result = replace(result, blocks={**spreads, **kept_spreads, **own_spreads})
    if copies:
        result = _with_copies(result, stored, _of_copies(stored, list(zip(*apart, strict=True)), level))
    if any(circuit.measures_readout for circuit in circuits):
        beside = [figure for figure in stored.figures if figure.name in estimates]
        mitigated, said = mitigate_blocks(stored.manifest, stored.blocks, beside, level, stored.rng())
        result = _saying(replace(result, mitigated=mitigated), *said)
    seconds = {**stored.seconds, "analyze": round(time.perf_counter() - begin, 4)}
    return _saying(replace(result, seconds=seconds), *stored.left_out)


def _of_counts(stored: Stored, blocks: Sequence[Mapping[str, Seen]], level: float) -> Result:
    """Return the result of a run whose events were counted while it was sampled."""
    begin = time.perf_counter()
    whole = {item: Seen.joined([block[item] for block in blocks]) for item in blocks[0]}
    estimates, empty, spreads = estimate_blocks(
        stored.figures,
        whole,
        blocks,
        lambda figure, each: figure.of_counts(Counted.seen(figure.events, each), level),
    )
    result = replace(_result(stored, estimates, empty), blocks=spreads)
    seconds = {**stored.seconds, "analyze": round(time.perf_counter() - begin, 4)}
    return replace(result, seconds=seconds)


def _saying(result: Result, *notes: str) -> Result:
    return replace(result, notes=(*result.notes, *notes))


def _of_copies(
    stored: Stored, copies: Sequence[Sequence[Outcomes]], level: float
) -> list[dict[str, Estimate]]:
    """Return the declared figures of each copy, pooled over blocks, and the share of shots that post-selection keeps."""
    found = []
    for number, blocks in enumerate(copies):
        own, shots = pooled(blocks), partial(_counted, number, len(copies))
        kept, _ = acceptance(stored.manifest.circuits, stored.figures, own, blocks, level, shots)
        known = estimated(stored.figures, lambda figure: figure.estimate(own, level, stored.resampling()))  # noqa: B023
        found.append({**known, **kept})
    return found


def _counted(number: int, copies: int, circuit: StoredCircuit) -> int:
    return circuit.counted(copies)[number]


def _with_copies(result: Result, stored: Stored, each: Sequence[Mapping[str, Estimate]]) -> Result:
    """Return a result with the figures of each copy; the same result if there are no copies."""
    if not stored.manifest.copies:
        return result
    predicted = by_copy(stored.manifest.get("predicted", {}), stored.manifest.copies)
    figures = figures_of_copies(each, predicted)
    notes = (OF_COPIES,) if stored.manifest.exact else (OF_COPIES, OF_THEIR_SHOTS)
    return _saying(replace(result, copies={**stored.manifest["copies"], "figures": figures}), *notes)


def _own_of_blocks(
    stored: Stored, whole: Outcomes, blocks: Sequence[Outcomes], level: float
) -> tuple[Analyzed | None, dict[str, Spread]]:
    """Return the protocol's own analysis, with figures whose intervals include the spread between blocks, and this spread."""
    own = _own(stored, whole, level)
    if own is None or len(blocks) < 2:
        return own, {}
    found = [each.figures for each in (_own(stored, block, level) for block in blocks) if each is not None]
    figures, spreads = dict(own.figures), {}
    for name, estimate in own.figures.items():
        values = [each[name].value for each in found if name in each]
        if len(values) > 1 and estimate.level < 1:
            figures[name], spreads[name] = spread_of(estimate, values, _ANY)
    return replace(own, figures=figures), spreads


def _own(stored: Stored, outcomes: Outcomes, level: float) -> Analyzed | None:
    """Return the protocol's own analysis of the outcomes."""
    protocol = stored.protocol
    if protocol is None:
        return None
    seeded = bool(stored.manifest["options"].get("seeded", True))
    veto = OTHER_PARAMETERS if stored.other else None
    if protocol.secret_outcomes and stored.manifest.get("origin") is not None:
        veto = HANDED_IN
    found: Analyzed | None = ask(protocol, "analyze", outcomes, Analysis(level, stored.root, seeded, veto))
    if found and veto:
        found = found.without_secrets(veto)
    return replace(found, notes=(*found.notes, ANOTHER_SECRET)) if found and stored.lost else found


def _deduced(stored: Stored, level: float) -> Analyzed | None:
    """Return the protocol's own analysis of exact figures."""
    if stored.protocol is None or not stored.values:
        return None
    return deduced(stored.protocol, of_all(stored.values), stored.rng(), level)


def _result(
    stored: Stored,
    estimates: Mapping[str, Estimate],
    empty: Mapping[str, QnetError] | None = None,
    own: Analyzed | None = None,
) -> Result:
    """Return a result: estimates, ideal values, theory and origin from the manifest, and the protocol's own analysis."""
    manifest, own = stored.manifest, own or Analyzed({})
    silent = manifest["corrections"] == "none"
    ideal = {figure.name: figure.without_messages if silent else figure.ideal for figure in stored.figures}
    notes = [*_notes(manifest, empty or {}, silent), *cut_notes(estimates), *own.notes]
    return Result(
        figures={**estimates, **own.figures},
        ideal={name: value for name, value in ideal.items() if value is not None},
        theory={} if silent else dict(manifest["theory"]),
        predicted=of_all(manifest.get("predicted", {})),
        bounds=manifest["bounds"],
        ranges={figure.name: figure.physical for figure in stored.figures if figure.physical is not None},
        resources=manifest["resources"],
        provenance=_provenance(manifest),
        notes=tuple(dict.fromkeys(notes)),
        seconds=dict(stored.seconds),
        more=dict(own.more),
        refused=own.refused,
        secrets=own.secrets,
        report=own.report,
    )


def _provenance(manifest: Manifest) -> dict[str, Any]:
    """Return the origin of the figures."""
    options = manifest["options"]
    provenance = {**{key: manifest[key] for key in _ORIGIN}, **manifest.get("provenance", {})}
    provenance["shots"] = None if options.get("own_shots") else options["shots"]
    if manifest.controls:
        provenance["controls"] = True
    if manifest.exact:
        provenance.update(engine="exact", shots=None, seed=None)
    return provenance


def _notes(manifest: Manifest, empty: Mapping[str, QnetError], silent: bool) -> list[str]:
    """Return the notes for the reader."""
    notes = list(manifest["notes"])
    if manifest.get("simulated") and not any(note.startswith("simulated") for note in notes):
        notes.insert(0, "simulated: no processor made these figures")
    notes += [f"{name} has no value: {why}" for name, why in empty.items()]
    if silent:
        notes.append("messages withheld (corrections=none): ideal is the value without them")
    return notes
