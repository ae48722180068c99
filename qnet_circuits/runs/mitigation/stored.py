"""From a run's circuits and raw outcomes to its figures without readout errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from qnet_circuits.backends.base import BaseBackend, Raw
from qnet_circuits.errors import FigureError, NoShotsError, UnsupportedError
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.manifest import Manifest, StoredCircuit
from qnet_circuits.runs.mitigation.inversion import Bits
from qnet_circuits.runs.mitigation.mitigated import mitigated
from qnet_circuits.runs.mitigation.part import Sampled
from qnet_circuits.runs.mitigation.readout import Readout
from qnet_circuits.runs.results.outcomes import cut_notes, estimate_blocks
from qnet_circuits.theory.estimate import Estimate


def check_mitigable(protocol: Protocol, program: Program, backend: BaseBackend) -> None:
    """Raise UnsupportedError where figures cannot, or must not, be corrected for readout errors."""
    if protocol.secret_outcomes:
        raise UnsupportedError(
            f"the outcomes of {protocol.name} become a key, and key bits are never corrected for readout errors; "
            "leave mitigate out"
        )
    if not program.figures:
        raise UnsupportedError(
            f"{protocol.name} declares no figures, and nothing else is corrected for readout errors; leave mitigate out"
        )
    if not backend.capabilities.samples:
        raise UnsupportedError(
            f"{backend.name} samples no outcomes that could be corrected; leave mitigate out, or compute without readout "
            "errors: DeviceNoise(readout=False) (--noise readout=false)"
        )


def mitigate_blocks(
    manifest: Manifest,
    blocks: Sequence[Sequence[Raw]],
    figures: Sequence[Figure],
    level: float,
    rng: np.random.Generator,
) -> tuple[dict[str, Estimate], list[str]]:
    """Return the figures of all blocks together without readout errors, and what must be said of them.

    Args:
        manifest: What the run is; its circuits include those for readout.
        blocks: The raw outcomes of its circuits in each block.
        figures: The figures.
        level: Confidence level.
        rng: What emulated link errors are drawn from, in the same state as for the raw figures: each block's are drawn once,
            in their order, so that raw and mitigated figures are of the same errors.

    Returns:
        The estimates, of figures that can be corrected, and notes. Intervals know of the spread between blocks.
    """
    circuits = manifest.circuits
    bits = [
        [circuit.forms.variables(raw, rng) for circuit, raw in zip(circuits, raws, strict=True)]
        for raws in blocks
    ]
    whole = _measured(circuits, [np.concatenate(each) for each in zip(*bits, strict=True)])
    apart = [_measured(circuits, each) for each in bits]
    refusals = (UnsupportedError, FigureError, NoShotsError)
    estimates, refused, _ = estimate_blocks(
        figures, whole, apart, lambda figure, each: mitigated(figure, *each, level), refusals
    )
    said = [f"{name} is not mitigated: {error}" for name, error in refused.items()]
    return estimates, [*_notes(manifest, whole[1]), *cut_notes(estimates, "mitigated "), *said]


def _measured(
    circuits: Sequence[StoredCircuit], bits: Sequence[Bits]
) -> tuple[dict[str, Sampled], dict[int, Readout]]:
    """Return what came of every circuit but those for readout, and the readout that was measured."""
    both = list(zip(circuits, bits, strict=True))
    samples = {
        circuit.name: Sampled(circuit.forms, each, circuit.qubits or ())
        for circuit, each in both
        if not circuit.measures_readout
    }
    (zeros, from_zero), (ones, from_one) = (
        next(pair for pair in both if pair[0].state == state) for state in (0, 1)
    )
    return samples, _readouts(zeros, from_zero, ones, from_one)


def _readouts(
    zeros: StoredCircuit, from_zero: Bits, ones: StoredCircuit, from_one: Bits
) -> dict[int, Readout]:
    """Count how often each qubit was read wrongly, in the outcomes of the two circuits."""
    places = {qubit: k for k, qubit in enumerate(ones.qubits or ())}
    found = {}
    for k, qubit in enumerate(zeros.qubits or ()):
        if qubit is not None:
            one = places[qubit]
            wrong = int(from_zero[:, k].sum()), int((~from_one[:, one]).sum())
            gates = ones.gates[one] if ones.gates else 0.0
            found[qubit] = Readout(wrong, (len(from_zero), len(from_one)), gates)
    return found


def _notes(manifest: Manifest, readouts: Mapping[int, Readout]) -> list[str]:
    """Return what must be said of figures without readout errors."""
    where = "in the same job" if manifest.get("origin") is None else "elsewhere"
    notes = [
        f"mitigated: readout errors of {len(readouts)} qubits inverted one by one, as measured {where} with all "
        "of them in |0⟩ and all in |1⟩; errors that depend on other qubits are not seen, errors of preparation count as readout"
    ]
    chosen = manifest["options"].get("mitigate", True)
    why = (
        "they decided on something in real time or were measured in the middle"
        if isinstance(chosen, bool)
        else f"only {', '.join(chosen)} were to be corrected"
    )
    left = max((circuit.qubits or ()).count(None) for circuit in manifest.circuits)
    if left:
        notes.append(f"mitigated: up to {left} bits of a circuit stay as they were read, because {why}")
    return notes
