"""Figures corrected for readout errors, from a run's circuits and raw outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from qnet_circuits.backends.base import BaseBackend, Raw
from qnet_circuits.compiling.readout_circuits import BEFORE
from qnet_circuits.errors import FigureError, NoShotsError, UnsupportedError
from qnet_circuits.programs.expressions import Expression, population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Program, acceptance_name
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.manifest import Manifest, StoredCircuit
from qnet_circuits.runs.mitigation.inversion import Bits
from qnet_circuits.runs.mitigation.mitigated import mitigated
from qnet_circuits.runs.mitigation.part import Sampled
from qnet_circuits.runs.mitigation.readout import Readout
from qnet_circuits.runs.results.outcomes import cut_notes, estimate_blocks, postselected
from qnet_circuits.theory.estimate import Estimate

#: The bits that are all 0 in a shot that post-selection keeps.
_ACCEPTED = "accepted"


def check_mitigable(protocol: Protocol, program: Program, backend: BaseBackend) -> None:
    """Raise UnsupportedError if figures cannot, or must not, be corrected for readout errors."""
    if protocol.secret_outcomes:
        raise UnsupportedError(
            f"the outcomes of {protocol.name} become a key, and key bits are never corrected for readout errors; "
            "leave mitigate out"
        )
    if not program.figures:
        raise UnsupportedError(
            f"{protocol.name} declares no figures, and only figures are corrected for readout errors; leave mitigate out"
        )
    if not backend.capabilities.samples:
        raise UnsupportedError(
            f"{backend.name} samples no outcomes to correct; leave mitigate out, or compute without readout "
            "errors: DeviceNoise(readout=False) (--noise readout=false)"
        )


def mitigate_blocks(
    manifest: Manifest,
    blocks: Sequence[Sequence[Raw]],
    figures: Sequence[Figure],
    level: float,
    rng: np.random.Generator,
) -> tuple[dict[str, Estimate], list[str]]:
    """Return the figures corrected for readout errors, pooled over blocks, and notes on them.

    Args:
        manifest: The manifest of the run; its circuits include the readout circuits.
        blocks: The raw outcomes of its circuits in each block.
        figures: The figures.
        level: Confidence level.
        rng: The random generator of emulated link errors, in the same state as for the raw figures. The errors of each block
            are drawn once, in order, so raw and mitigated figures have the same errors.

    Returns:
        The estimates of figures that can be corrected, and notes. Intervals include the spread between blocks.
    """
    circuits = manifest.circuits
    bits = [
        [circuit.forms.variables(raw, rng) for circuit, raw in zip(circuits, raws, strict=True)]
        for raws in blocks
    ]
    whole = _measured(circuits, [np.concatenate(each) for each in zip(*bits, strict=True)], level)
    apart = [_measured(circuits, each, level) for each in bits]
    refusals = (UnsupportedError, FigureError, NoShotsError)
    drawn = rng.spawn(1)[0]
    estimates, refused, _ = estimate_blocks(
        figures, whole, apart, lambda figure, each: mitigated(figure, *each, level, drawn), refusals
    )
    kept, not_kept, _ = estimate_blocks(
        _acceptance(circuits, figures),
        whole,
        apart,
        lambda figure, each: mitigated(figure, _of_all_shots(each[0]), each[1], level),
        refusals,
    )
    estimates, refused = {**estimates, **kept}, {**refused, **not_kept}
    said = [f"{name} is not mitigated: {error}" for name, error in refused.items()]
    return estimates, [*_notes(manifest, whole[1]), *cut_notes(estimates, "mitigated "), *said]


def _acceptance(circuits: Sequence[StoredCircuit], figures: Sequence[Figure]) -> list[Figure]:
    """Return the share of shots that post-selection keeps, as a figure of ``_of_all_shots``, if it drops any."""
    own = postselected(circuits)
    asked = sum(circuit.shots for circuit in own)
    share = Expression()
    for circuit in own:
        bits = [(_ACCEPTED, k) for k in range(len(circuit.forms.accept))]
        kept = population(circuit.name, bits, ["0" * len(bits)]) if bits else Expression(1.0)
        share = share + circuit.shots / asked * kept
    return [Figure(acceptance_name(figures), share, physical=(0.0, 1.0))] if own else []


def _of_all_shots(samples: Mapping[str, Sampled]) -> dict[str, Sampled]:
    """Return the outcomes of each circuit, reduced to the bits that decide whether a shot is kept."""
    return {
        name: replace(each, forms=replace(each.forms, registers={_ACCEPTED: each.forms.accept}, accept=()))
        for name, each in samples.items()
    }


def _measured(
    circuits: Sequence[StoredCircuit], bits: Sequence[Bits], level: float
) -> tuple[dict[str, Sampled], dict[int, Readout]]:
    """Return the outcomes of all circuits except readout circuits, and the measured readout errors."""
    both = list(zip(circuits, bits, strict=True))
    samples = {
        circuit.name: Sampled(circuit.forms, each, circuit.qubits or ())
        for circuit, each in both
        if not circuit.measures_readout
    }
    zeros, ones = (_read(*next(pair for pair in both if pair[0].state == state)) for state in (0, 1))
    readouts = {}
    for qubit, zero in zeros.items():
        one = ones[qubit]
        wrong = int(zero.bits.sum()), int((~one.bits).sum())
        found = Readout(wrong, (len(zero.bits), len(one.bits)), one.gates)
        before = None
        if zero.before is not None and one.before is not None:
            before = zero.before + one.before, zero.shots + one.shots
        readouts[qubit] = found.begun(before, level)
    return samples, readouts


class _Read(NamedTuple):
    """The outcomes of a readout circuit for one qubit: the bits that count, and first measurements of 1 among all shots."""

    bits: Bits
    before: int | None
    shots: int
    gates: float


def _read(circuit: StoredCircuit, bits: Bits) -> dict[int, _Read]:
    """Return the outcomes of a readout circuit for each qubit. In old runs without a first measurement all shots count."""
    column = {name: k for k, name in enumerate(circuit.forms.raw)}
    found = {}
    for k, qubit in enumerate(circuit.qubits or ()):
        if qubit is None:
            continue
        before = column.get((BEFORE, circuit.forms.raw[k][1]))
        excited = None if before is None else bits[:, before]
        # Where no shot is left, all tell that the qubit cannot be corrected.
        own = bits[:, k] if excited is None or excited.all() else bits[~excited, k]
        gates = circuit.gates[k] if circuit.gates else 0.0
        found[qubit] = _Read(own, None if excited is None else int(excited.sum()), len(bits), gates)
    return found


def _notes(manifest: Manifest, readouts: Mapping[int, Readout]) -> list[str]:
    """Return the notes on figures corrected for readout errors."""
    where = "in the same job" if manifest.get("origin") is None else "elsewhere"
    own = [circuit for circuit in manifest.circuits if not circuit.measures_readout]
    first = any((BEFORE, 0) in circuit.forms.raw for circuit in manifest.circuits if circuit.measures_readout)
    began = "where a first measurement found |0⟩" if first else "with no measurement before"
    notes = [
        f"mitigated: readout errors of {len(readouts)} qubits inverted one by one, as measured {where} with all "
        f"of them in |0⟩ and all in |1⟩, {began}; what the preparation may have done wrong is in the intervals, errors that "
        "depend on other qubits are not seen"
    ]
    chosen = manifest["options"].get("mitigate", True)
    why = (
        "they decided on something in real time or were measured in the middle"
        if isinstance(chosen, bool)
        else f"only {', '.join(chosen)} were to be corrected"
    )
    left = max((circuit.qubits or ()).count(None) for circuit in own)
    if left:
        notes.append(f"mitigated: up to {left} bits of a circuit stay as they were read, because {why}")
    return notes
