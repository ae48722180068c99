"""From a run's circuits and raw outcomes to its figures without readout errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qnet_circuits.backends.base import BaseBackend, Raw
from qnet_circuits.errors import FigureError, UnsupportedError
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.manifest import Manifest, StoredCircuit
from qnet_circuits.runs.mitigation.inversion import Bits, Readout
from qnet_circuits.runs.mitigation.mitigated import Sampled, mitigated
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
    refusals = (UnsupportedError, FigureError)
    estimates, refused, _ = estimate_blocks(
        figures, whole, apart, lambda figure, each: mitigated(figure, *each, level), refusals
    )
    said = [f"{name} is not mitigated: {error}" for name, error in refused.items()]
    return estimates, [*_notes(manifest, whole[1]), *cut_notes(estimates, "mitigated "), *said]


def _measured(circuits: Sequence[StoredCircuit], bits: Sequence[Bits]) -> tuple[dict[str, Sampled], Readout]:
    """Return what came of every circuit but those for readout, and the readout that was measured."""
    both = list(zip(circuits, bits, strict=True))
    prepared = {circuit.state: each for circuit, each in both}
    qubits = [q for circuit in circuits if circuit.state == 0 for q in circuit.qubits or () if q is not None]
    samples = {
        circuit.name: Sampled(circuit.forms, each, circuit.qubits or ())
        for circuit, each in both
        if not circuit.measures_readout
    }
    return samples, Readout.of(qubits, prepared[0], prepared[1])


def _notes(manifest: Manifest, readout: Readout) -> list[str]:
    """Return what must be said of figures without readout errors."""
    where = "in the same job" if manifest.get("origin") is None else "elsewhere"
    notes = [
        f"mitigated: readout errors of {len(readout.wrong)} qubits inverted one by one, as measured {where} with all "
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
