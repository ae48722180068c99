"""Clifford protocols, proven on all measurement branches at once by the flows of their stabilizers, with no sampling."""

import numpy as np
import pytest
import stim

import qnet_circuits as qn
from qnet_circuits.compiling.lowering import lower
from tests.support.stabilizers import to_stim

CLIFFORD = [
    qn.Teleportation(),
    qn.Teleportation(hops=3),
    qn.SuperdenseCoding(),
    qn.EntanglementSwapping(),
    qn.RepeaterChain(hops=5),
    qn.TeleportedCnot(),
    qn.TeleportedCnot(hops=2),
    qn.LongRangeCnot(hops=3),
    qn.Ghz(parties=3),
    qn.Ghz(parties=4, topology="chain"),
]


def _certain(circuit, record, bits):
    """Return 1 or -1 if the parity of the bits is the same on every branch, 0 if it is not."""
    counted = [record[bit] for bit in bits]
    for sign, text in ((1, "1 -> "), (-1, "1 -> -1 xor ")):
        flow = stim.Flow(text + " xor ".join(f"rec[{index}]" for index in counted))
        if circuit.has_flow(flow):
            return sign
    return 0


def _proven(program, change=lambda circuit: circuit):
    """Return the figures as they follow from certain parities alone; None where one is not certain."""
    lowered = {item.name: lower(change(item.circuit), "feedforward").circuit for item in program}
    stims = {name: to_stim(circuit) for name, circuit in lowered.items()}
    values = {}
    for figure in program.figures:
        total = figure.expression.constant
        for weight, event in figure.expression.terms:
            if event.given:
                break
            total += weight * _probability(event, lowered[event.item], *stims[event.item])
        else:
            values[figure.name] = total
    return values


def _probability(event, circuit, flows, record):
    """Return the exact probability of an event from the certain parities of its bits; uncertain ones are fair coins."""
    registers = {register.name: register for register in circuit.cregs}
    bits = [registers[register][index] for register, index in event.bits]
    if not event.patterns:
        return (1 + _certain(flows, record, bits)) / 2
    total = 0.0
    for pattern in event.patterns:
        # The characters of the bits' distribution: its Fourier transform over all subsets.
        for subset in range(2 ** len(bits)):
            chosen = [bit for k, bit in enumerate(bits) if subset >> k & 1]
            character = _certain(flows, record, chosen) if chosen else 1
            ones = sum(pattern[k] == "1" for k in range(len(bits)) if subset >> k & 1)
            total += character * (-1) ** ones / 2 ** len(bits)
    return total


@pytest.mark.parametrize("protocol", CLIFFORD, ids=lambda protocol: protocol.id)
def test_every_branch_reaches_the_ideal_value(protocol):
    program = protocol.program(np.random.default_rng(0))
    values = _proven(program)
    assert values
    for figure in program.figures:
        if figure.name in values:
            assert values[figure.name] == pytest.approx(figure.ideal, abs=1e-9), figure.name


def _swap_correction_bits(circuit):
    """Return the circuit with X and Z exchanged in every correction."""
    from qnet_circuits.programs.instructions import conditioned, correct

    mutant = circuit.copy_empty_like()
    for instruction in circuit.data:
        if instruction.operation.name == "correct":
            swapped = {{"x": "z", "z": "x"}[gate.name]: bits for bits, (gate,) in conditioned(instruction)}
            correct(mutant, instruction.qubits[0], **swapped)
        else:
            mutant.append(instruction)
    return mutant


@pytest.mark.parametrize(
    "protocol",
    [p for p in CLIFFORD if not isinstance(p, qn.SuperdenseCoding)],
    ids=lambda protocol: protocol.id,
)
def test_a_mutant_with_swapped_correction_bits_is_rejected(protocol):
    program = protocol.program(np.random.default_rng(0))
    values = _proven(program, _swap_correction_bits)
    assert values["fidelity"] < 0.9
