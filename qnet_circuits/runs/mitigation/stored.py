"""From a run's circuits and raw outcomes to its figures without readout errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qnet_circuits.backends.base import BaseBackend, Raw
from qnet_circuits.compiling.readout_circuits import READOUT
from qnet_circuits.errors import FigureError, NoShotsError, UnsupportedError
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.runs.mitigation.inversion import Readout
from qnet_circuits.runs.mitigation.mitigated import Sampled, mitigated
from qnet_circuits.runs.results.outcomes import cut_notes, spread_of
from qnet_circuits.runs.stored_circuit import StoredCircuit
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


@dataclass(frozen=True)
class _Block:
    """What came of one block, or of all blocks together: the readout that was measured, and every other circuit."""

    readout: Readout
    samples: Mapping[str, Sampled]


def mitigate_blocks(
    circuits: Sequence[StoredCircuit],
    blocks: Sequence[Sequence[Raw]],
    figures: Sequence[Figure],
    level: float,
    rng: np.random.Generator,
) -> tuple[dict[str, Estimate], list[str]]:
    """Return the figures of all blocks together without readout errors, and what must be said of them.

    Args:
        circuits: The circuits of the run, readout circuits included.
        blocks: Their raw outcomes in each block.
        figures: The figures.
        level: Confidence level.
        rng: What emulated link errors are drawn from, in the same state as for the raw figures: each block's are drawn once,
            in their order, so that raw and mitigated figures are of the same errors.

    Returns:
        The estimates, of figures that can be corrected, and notes. Intervals know of the spread between blocks.
    """
    each = [_block(circuits, raws, rng) for raws in blocks]
    whole = _joined(each)
    estimates, refused = _estimated(whole, figures, level)
    if len(each) > 1:
        found = [_estimated(block, figures, level)[0] for block in each]
        for figure in figures:
            values = [block[figure.name].value for block in found if figure.name in block]
            if figure.name in estimates and len(values) > 1:
                estimates[figure.name], _ = spread_of(estimates[figure.name], values, figure)
    return estimates, [*_notes(circuits, whole.readout), *cut_notes(estimates, "mitigated "), *refused]


def _block(circuits: Sequence[StoredCircuit], raws: Sequence[Raw], rng: np.random.Generator) -> _Block:
    """Read one block's outcomes."""
    both = list(zip(circuits, raws, strict=True))
    measured = {circuit.state: raw[READOUT] for circuit, raw in both if circuit.measures_readout}
    qubits = [q for circuit in circuits if circuit.state == 0 for q in circuit.qubits or () if q is not None]
    return _Block(
        Readout.of(qubits, measured[0], measured[1]),
        {circuit.name: _sampled(circuit, raw, rng) for circuit, raw in both if not circuit.measures_readout},
    )


def _joined(blocks: Sequence[_Block]) -> _Block:
    """Return all blocks as one."""
    first = blocks[0]
    wrong = {
        qubit: (
            sum(b.readout.wrong[qubit][0] for b in blocks),
            sum(b.readout.wrong[qubit][1] for b in blocks),
        )
        for qubit in first.readout.wrong
    }
    samples = {
        name: replace(sampled, variables=np.concatenate([block.samples[name].variables for block in blocks]))
        for name, sampled in first.samples.items()
    }
    return _Block(Readout(wrong, sum(block.readout.shots for block in blocks)), samples)


def _estimated(
    block: _Block, figures: Sequence[Figure], level: float
) -> tuple[dict[str, Estimate], list[str]]:
    """Return the estimates of figures that can be corrected, and why the others cannot."""
    estimates, refused = {}, []
    for figure in figures:
        try:
            estimates[figure.name] = mitigated(figure, block.samples, block.readout, level)
        except (UnsupportedError, NoShotsError, FigureError) as error:
            refused.append(f"{figure.name} is not mitigated: {error}")
    return estimates, refused


def _notes(circuits: Sequence[StoredCircuit], readout: Readout) -> list[str]:
    """Return what must be said of figures without readout errors."""
    notes = [
        f"mitigated: readout errors of {len(readout.wrong)} qubits inverted one by one, as measured in the same job with all "
        "of them in |0⟩ and all in |1⟩; errors that depend on other qubits are not seen, errors of preparation count as readout"
    ]
    left = max((circuit.qubits or ()).count(None) for circuit in circuits)
    if left:
        notes.append(
            f"mitigated: up to {left} bits of a circuit stay as they were read, because they decided on something in real time "
            "or were measured in the middle"
        )
    return notes


def _sampled(circuit: StoredCircuit, raw: Raw, rng: np.random.Generator) -> Sampled:
    forms = circuit.forms
    emulated = [None] * (2 * len(forms.emulated))
    return Sampled(forms, forms.variables(raw, rng), (*(circuit.qubits or ()), *emulated))
