"""Readout circuits: a program's measured qubits in |0⟩, and in |1⟩, measured in the same job as the program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit

from qnet_circuits.classical import written_bits
from qnet_circuits.compiling.compiled import Compiled, CompiledItem
from qnet_circuits.compiling.finishing import optimiser
from qnet_circuits.compiling.lowering import lower
from qnet_circuits.devices.device import Device
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.devices.schedule import mid_circuit_measurements
from qnet_circuits.errors import UnsupportedError, check_name

#: Name of the circuits, before the state they prepare, and of their register.
READOUT = "readout"
#: The register of their first measurement.
BEFORE = "before"
#: The bits to correct: all bits that can be corrected, or registers and bits by name, such as ``out`` and ``swap[0]``.
Chosen = bool | Sequence[str]
#: The most that a gate errs on one state, over its average infidelity: as relaxation does, which spares |0⟩.
_WORST = 3
#: Qiskit's, for circuits that have nothing to optimise but a change of gates.
_LEVEL = 1


def calibrated(compiled: Compiled, chosen: Chosen = True) -> Compiled:
    """Return a compiled program with the circuits that measure the readout of its qubits.

    Two circuits are added, ``readout_0`` and ``readout_1``. They prepare all qubits that are measured at the end of a program's
    circuit in |0⟩, or in |1⟩, and measure all at once. They give P(1|0) and P(0|1) of each qubit for any placements of the
    circuits. A first measurement, before |1⟩ is prepared, shows for each qubit whether it was in |0⟩. Its bit counts only then,
    so qubits that begin in |1⟩ do not count as readout errors (J. E. Johnson et al., arXiv:1202.5541). Readout errors that
    depend on the states of other qubits are seen in these two states only.

    Args:
        compiled: A program compiled for a device.
        chosen: The bits to correct.

    Returns:
        The program with two circuits more, as the last.

    Raises:
        UnsupportedError: If there is no device, or no bit is measured at the end of a circuit; if a bit that is chosen is not,
            or a figure reads a parity of bits of which some are chosen and some are not.
        UnknownNameError: If there is no such register or bit.

    Example:
        >>> from qnet_circuits.protocols.repeater_chain import RepeaterChain
        >>> from qnet_circuits.runs.verbs import compile
        >>> compiled = compile(RepeaterChain(hops=2), "aer:fake_manila")
        >>> [item.name for item in calibrated(compiled)][-2:]
        ['readout_0', 'readout_1']
    """
    if compiled.device is None:
        raise UnsupportedError(
            "readout errors belong to the qubits of a device, and there is none; name one, for example aer:fake_kingston"
        )
    if not isinstance(chosen, bool):
        _check_chosen(compiled, chosen)
    found = {qubit for item in compiled for qubit in final_qubits(item, chosen) if qubit is not None}
    if not found:
        raise UnsupportedError(
            "every measured bit decides on something or its qubit is used again, so no bit can be corrected for readout; "
            'use corrections="frame", or leave mitigate out'
        )
    added = _circuits(tuple(sorted(found)), compiled.device)
    return replace(compiled, items=(*compiled.items, *added))


def _circuits(qubits: tuple[int, ...], device: Device) -> list[CompiledItem]:
    made = []
    for state in (0, 1):
        lowered = lower(_prepared(qubits, state), "frame")
        done = optimiser(qubits, device.target, _LEVEL).run(lowered.circuit)
        name = f"{READOUT}_{state}"
        made.append(CompiledItem(name, lowered, lowered.circuit, done, qubits, qubits, readout=state))
    return made


def _prepared(qubits: Sequence[int], state: int) -> QuantumCircuit:
    """Return the circuit that prepares all qubits in one state, each at a node of its own, and measures before and after."""
    registers = [QuantumRegister(1, f"q{qubit}") for qubit in qubits]
    after, before = (ClassicalRegister(len(qubits), name) for name in (READOUT, BEFORE))
    circuit = QuantumCircuit(*registers, after, before, name=f"{READOUT}_{state}")
    circuit.measure(circuit.qubits, before)
    if state:
        circuit.x(circuit.qubits)
    circuit.measure(circuit.qubits, after)
    return circuit


def preparation_errors(item: CompiledItem, device: Device) -> tuple[float, ...]:
    """Return how probable it is at most, by the calibration, that gates of a readout circuit prepared another state.

    A channel of average infidelity e is a Pauli channel of total error 3e/2 once it is twirled. So |0⟩ and |1⟩ together are
    left by 3e at most, which is reached where one of them alone relaxes.

    Args:
        item: The readout circuit.
        device: The device.

    Returns:
        One entry for each of ``item.lowered.forms.raw``.
    """
    usable = Usable(device.calibration)
    errors = dict.fromkeys(item.qubits, 0.0)
    for instruction in item.circuit.data:
        if instruction.name not in ("measure", "barrier", "delay"):
            qubit = item.qubits[item.circuit.find_bit(instruction.qubits[0]).index]
            errors[qubit] += _WORST * (usable.error(instruction.name, (qubit,)) or 0.0)
    return tuple(0.0 if qubit is None else min(errors[qubit], 1.0) for qubit in final_qubits(item))


def _check_chosen(compiled: Compiled, chosen: Sequence[str]) -> None:
    """Check that every bit that is chosen can be corrected, and that no figure reads one together with one that is not."""
    known = {name for item in compiled for raw in item.lowered.forms.raw for name in _names(raw)}
    for name in chosen:
        check_name("register or bit of mitigate", name, known)
    for item in compiled:
        forms, wanted = item.lowered.forms, [_is_chosen(raw, chosen) for raw in item.lowered.forms.raw]
        for raw, is_wanted, qubit in zip(forms.raw, wanted, final_qubits(item), strict=True):
            if is_wanted and qubit is None:
                raise UnsupportedError(
                    f"{_names(raw)[1]} of circuit {item.name!r} decides in real time or is measured in the middle, so it "
                    "cannot be corrected for readout; leave it out of mitigate"
                )
        for name, form in [*_read(compiled, item), *(("post-selection", form) for form in forms.accept)]:
            mixed = [k for k in form if k < len(wanted)]
            if len({wanted[k] for k in mixed}) > 1:
                parts = ", ".join(_names(forms.raw[k])[1] for k in mixed)
                raise UnsupportedError(
                    f"{name} of circuit {item.name!r} is the parity of {parts}, of which mitigate chooses some and not all; "
                    'choose all of them or none, or use corrections="feedforward"'
                )


def _read(compiled: Compiled, item: CompiledItem) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the bits of a circuit that figures read, with their forms."""
    for figure in compiled.program.figures:
        for event in figure.events:
            for register, index in event.read:
                if event.item == item.name:
                    yield f"{register}[{index}]", item.lowered.forms.registers[register][index]


def _names(raw: tuple[str, int]) -> tuple[str, str]:
    """Return the name of a bit's register, and that of the bit."""
    return raw[0], f"{raw[0]}[{raw[1]}]"


def _is_chosen(raw: tuple[str, int], chosen: Chosen) -> bool:
    return chosen if isinstance(chosen, bool) else not set(_names(raw)).isdisjoint(chosen)


def final_qubits(item: CompiledItem, chosen: Chosen = True) -> tuple[int | None, ...]:
    """Return the physical qubit of each raw bit that can be corrected for readout, None for the others.

    A bit can be corrected afterwards if nothing was decided on it in real time. Its readout is that of the readout circuits if
    it is measured at the end: a measurement in the middle may be another operation of the processor.

    Args:
        item: A compiled circuit.
        chosen: Which bits are to be corrected; of a readout circuit all are.

    Returns:
        One entry for each of ``item.lowered.forms.raw``.
    """
    middle = mid_circuit_measurements(item.circuit)
    wire = {qubit: k for k, qubit in enumerate(item.circuit.qubits)}
    last: dict[Clbit, int | None] = {}
    for position, instruction in enumerate(item.circuit.data):
        if instruction.name == "measure":
            physical = item.qubits[wire[instruction.qubits[0]]]
            last[instruction.clbits[0]] = None if position in middle else physical
        elif instruction.is_control_flow():
            last.update(dict.fromkeys(written_bits(instruction)))
    place = {(register.name, k): bit for register in item.circuit.cregs for k, bit in enumerate(register)}
    wanted = True if item.readout is not None else chosen
    return tuple(last.get(place[raw]) if _is_chosen(raw, wanted) else None for raw in item.lowered.forms.raw)
