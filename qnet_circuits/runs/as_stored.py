"""A finished run as its directory holds it, for stories: its own circuits, and the calibration of its day.

A protocol, the compiler or a stand-in device may have changed since the run was made. The stored program is compiled anew on
the same qubits, which gives what circuits do not show: frames, the noise of links, and the node of each qubit. The stored
circuits then take the place of the new ones, and a proof shows that they do the same between the same fences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qiskit import QuantumCircuit

from qnet_circuits.backends.base import BaseBackend, DeviceSimulator
from qnet_circuits.compiling.compiled import Compiled, CompiledItem
from qnet_circuits.devices.calibration import DeviceCalibration
from qnet_circuits.devices.device import Device
from qnet_circuits.errors import QnetError, RecordError
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.runs.directory import Record
from qnet_circuits.runs.manifest import Manifest
from qnet_circuits.runs.options import RunOptions
from qnet_circuits.runs.preparing import compile_for

OTHER_PROGRAM = (
    "the protocol makes other circuits now; these are the stored ones, which do not say what is announced"
)
OTHER_CIRCUITS = "the program is compiled to other circuits now; these are the stored ones"


def program_as_stored(record: Record, manifest: Manifest, now: Program | None) -> tuple[Program, bool]:
    """Return the program of a run from its stored circuits, and whether today's program has the same circuits.

    Args:
        record: The directory.
        manifest: The manifest.
        now: The program that the protocol makes today, which knows what circuits do not show; None if it makes none.

    Raises:
        RecordError: If the circuits are missing, or do not fit the manifest.
    """
    known = {} if now is None else {item.name: item for item in now}
    tags = {circuit.name: circuit.tags for circuit in manifest.circuits}
    circuits = record.read_circuits("program.qpy")
    try:
        items = [_item(circuit, known.get(circuit.name), tags[circuit.name]) for circuit in circuits]
        if (
            now is not None
            and len(items) == len(known)
            and all(item is known.get(item.name) for item in items)
        ):
            return now, True
        return Program(items, manifest.figures), False
    except (QnetError, KeyError) as error:
        raise RecordError(f"{record.path}/program.qpy does not fit manifest.json: {error}") from None


def _item(circuit: QuantumCircuit, now: Item | None, tags: Mapping[str, Any]) -> Item:
    """Return a stored circuit as an item: today's if it has the same circuit, and otherwise with today's place and carrier."""
    if now is None:
        return Item(circuit.name, circuit, tags)
    stored = replace(now, circuit=circuit, announced=())
    return now if Program([stored]).id == Program([now]).id else stored


def options_as_stored(manifest: Manifest, program: Program) -> RunOptions:
    """Return the options of a run, with its qubits as their layout if neither the program nor copies decide on them."""
    options, layout = RunOptions.from_manifest(manifest["options"]), manifest["layout"]
    if layout is not None and len(layout) == 1 and program.items[0].layout is None:
        options = replace(options, layout=layout[0])
    return replace(options, mitigate=False)


def compiled_as_stored(
    record: Record, manifest: Manifest, program: Program, backend: BaseBackend
) -> tuple[Compiled, bool]:
    """Return a run's program with its stored compiled circuits, and whether they are compiled in the same way today.

    Raises:
        RecordError: If the stored circuits are not those of the program on the stored qubits.
    """
    try:
        compiled = compile_for(program, backend, options_as_stored(manifest, program))
        stored = record.read_circuits("compiled.qpy")[: len(compiled.items)]
        _check_forms(compiled, manifest)
        if list(compiled.circuits) == stored:
            return compiled, True
        if compiled.decoupling:
            raise RecordError("pulses that decouple waiting qubits cannot be told from gates")
        items = tuple(_narrowed(item, circuit) for item, circuit in zip(compiled, stored, strict=True))
        again = replace(compiled, items=items)
        again.verify()
    except (QnetError, ValueError) as error:
        raise RecordError(
            f"the circuits of {record.path} cannot be told: compiled.qpy does not follow from program.qpy in this version "
            f"({error}); run it again"
        ) from None
    return again, False


def _check_forms(compiled: Compiled, manifest: Manifest) -> None:
    for item, stored in zip(compiled, manifest.circuits, strict=False):
        if item.lowered.forms != stored.forms:
            raise RecordError(f"outcomes of circuit {item.name!r} are read in another way")


def _narrowed(item: CompiledItem, wide: QuantumCircuit) -> CompiledItem:
    """Return a compiled item with a stored circuit, on the qubits that it uses."""
    at = (
        dict(zip(item.qubits, item.circuit.qubits, strict=True))
        if item.layout
        else dict(enumerate(item.circuit.qubits))
    )
    narrow = item.circuit.copy_empty_like()
    if wide.cregs != item.circuit.cregs:
        raise RecordError(f"circuit {item.name!r} has other classical registers")
    for each in wide.data:
        places = [wide.find_bit(qubit).index for qubit in each.qubits]
        if not at.keys() >= {*places}:
            raise RecordError(f"circuit {item.name!r} lies on other qubits")
        narrow.append(each.replace(qubits=[at[place] for place in places]))
    return replace(item, circuit=narrow)


def backend_of_its_day(backend: BaseBackend, record: Record) -> BaseBackend:
    """Return a simulator with the calibration that is stored with a run; any other backend as it is."""
    stored = record.read_json("calibration.json")
    if not isinstance(backend, DeviceSimulator) or backend.device is None:
        return backend
    if "name" not in stored:
        raise RecordError(f"{record.path}/calibration.json names no device, and {backend.name} has one")
    device = Device.from_calibration(DeviceCalibration.from_dict(stored), backend.device.notes)
    return type(backend)(backend.name, device, backend.noise)
