"""Jobs of the ``executor`` program, which the client's Sampler submits: decoded, run on Aer, encoded."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, ControlFlowOp, Measure, QuantumRegister, Reset

from tests.platform.processors import Processor

#: Aer numbers the random streams of a run by seed + shot; below this many shots those of different calls never meet.
CHUNK = 2048
#: More qubits than that, where gates or decisions join them all, are simulated without noise, as stabilizers: with noise it
#: would take minutes.
_WIDE = 20
#: Qubits of independent parts of such a circuit that are simulated together.
_PART = 8


def run_job(processor: Processor, params: dict[str, Any], seed: Sequence[int]) -> str:
    """Run a job and return its result as the platform sends it.

    Args:
        processor: Where it runs.
        params: The program's parameters, as they were posted.
        seed: Numbers that together are the job's seed.
    """
    from ibm_quantum_schemas.executor.version_2_0 import QuantumProgramResultModel

    program = decoded(params)
    start = datetime.datetime.now(datetime.UTC)
    items, parts = [], []
    for k, item in enumerate(program.items):
        items.append(_encoded(_run_item(processor, item, program.shots, (*seed, k))))
        size = math.prod(item.shape)
        axes = list(range(len(item.shape)))
        parts.append({"idx_item": k, "size": size, "permutation": axes, "element_range": (0, size, 1)})
    timing = {"start": start, "stop": datetime.datetime.now(datetime.UTC), "parts": parts}
    result = QuantumProgramResultModel(
        data=items,
        metadata={"chunk_timing": [timing]},
        passthrough_data=program.passthrough_data,
        semantic_role=program._semantic_role,
    )
    return str(result.model_dump_json())


def decoded(params: dict[str, Any]) -> Any:
    """Return the quantum program that was posted."""
    from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS

    converter = QUANTUM_PROGRAM_PARAMS_CONVERTERS[params["schema_version"]]
    return converter.decoder(converter.model(**params))[0]


def _run_item(processor: Processor, item: Any, shots: int, seed: Sequence[int]) -> dict[str, np.ndarray]:
    """Run a circuit, or the randomisations of a template; the signs of twirled measurements go with their outcomes."""
    from samplomatic.quantum_program import SamplexItem

    if not isinstance(item, SamplexItem):
        return run_circuit(processor, item.circuit, shots, seed)
    (number,) = item.shape
    item.samplex.finalize()  # One that comes over the wire is not.
    drawn = dict(
        item.samplex.sample(
            item.samplex_arguments,
            num_randomizations=number,
            rng=np.random.default_rng(np.random.SeedSequence(seed)),
        )
    )
    values = drawn.pop("parameter_values")
    # Numbers of its own for each randomisation, beside those that choose it.
    runs = [
        run_circuit(processor, item.circuit.assign_parameters(row), shots, (*seed, k))
        for k, row in enumerate(values)
    ]
    return {name: np.stack([run[name] for run in runs]) for name in runs[0]} | drawn


def _encoded(registers: dict[str, np.ndarray]) -> dict[str, Any]:
    from ibm_quantum_schemas.common import CompressedTensorModel

    tensors = {name: CompressedTensorModel.from_numpy(bits) for name, bits in registers.items()}
    return {"results": tensors, "metadata": {}}


def run_circuit(
    processor: Processor, circuit: QuantumCircuit, shots: int, seed: Sequence[int]
) -> dict[str, np.ndarray]:
    """Run a circuit on physical qubits; return its registers as bool arrays (shots, width), bit 0 first."""
    from qiskit_aer.primitives import SamplerV2

    small, qubits = compact(circuit)
    if small.num_qubits > _WIDE and len(parts := independent(circuit)) > 1:
        whole = [run_circuit(processor, part, shots, (*seed, k)) for k, part in enumerate(parts)]
        # A bit that a part does not measure is 0 there.
        return {name: np.logical_or.reduce([registers[name] for registers in whole]) for name in whole[0]}
    simulator: dict[str, Any] = {}
    if small.num_qubits > _WIDE:
        simulator["method"] = "stabilizer"
    elif processor.noisy:
        simulator["noise_model"] = processor.noise(qubits)
    options = {"backend_options": simulator}
    pieces = []
    for done in range(0, shots, CHUNK):
        word = int(np.random.SeedSequence((*seed, done)).generate_state(1)[0])
        sampler = SamplerV2(seed=word >> 1, options=options)
        pieces.append(sampler.run([small], shots=min(CHUNK, shots - done)).result()[0].data)
    return {
        name: np.ascontiguousarray(
            np.concatenate([piece[name].to_bool_array(order="little") for piece in pieces])
        )
        for name in pieces[0]
    }


def independent(circuit: QuantumCircuit) -> list[QuantumCircuit]:
    """Return circuits of few qubits each that together do what a circuit does: no gate and no bit joins two of them."""
    import rustworkx as rx

    joined = rx.PyGraph()
    place = {bit: joined.add_node(bit) for bit in [*circuit.qubits, *circuit.clbits]}
    listed = [i for i in circuit.data if i.operation.name != "barrier"]
    for instruction in listed:
        first, *others = [*instruction.qubits, *instruction.clbits]
        joined.add_edges_from([(place[first], place[other], None) for other in others])
    used = {place[qubit] for instruction in listed for qubit in instruction.qubits}
    groups: list[set[int]] = []
    for component in rx.connected_components(joined):
        if not component & used:
            continue
        if groups and len((groups[-1] | component) & used) <= _PART:
            groups[-1] |= component
        else:
            groups.append(component)
    return [_only(circuit, {joined[node] for node in group}) for group in groups]


def _only(circuit: QuantumCircuit, bits: set[Any]) -> QuantumCircuit:
    """Return the instructions on some qubits; of a barrier, what touches them."""
    part = circuit.copy_empty_like()
    for instruction in circuit.data:
        qubits = [qubit for qubit in instruction.qubits if qubit in bits]
        if instruction.operation.name == "barrier":
            part.barrier(qubits) if qubits else None
        elif qubits:
            part.append(instruction)
    return part


def compact(circuit: QuantumCircuit) -> tuple[QuantumCircuit, tuple[int, ...]]:
    """Return a circuit without its idle qubits, and the physical qubits that are left."""
    index = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    active = sorted({index[q] for i in circuit.data if i.operation.name != "barrier" for q in i.qubits})
    register = QuantumRegister(len(active), "q")
    place = {circuit.qubits[q]: register[k] for k, q in enumerate(active)}
    small = QuantumCircuit(register, *circuit.cregs, name=circuit.name)
    for instruction in circuit.data:
        qubits = [place[qubit] for qubit in instruction.qubits if qubit in place]
        if instruction.operation.name == "barrier":
            small.barrier(qubits) if qubits else None
        else:
            small.append(_known(instruction), qubits, instruction.clbits)
    return small, tuple(active)


def _known(instruction: CircuitInstruction) -> Any:
    """Return an operation as Aer knows it: a measurement in the middle of a circuit is a measurement."""
    operation = instruction.operation
    if operation.name.startswith("measure_"):
        return Measure()
    if operation.name.startswith("reset_"):
        return Reset()
    assert not isinstance(operation, ControlFlowOp) or not any(
        i.operation.name.startswith(("measure", "reset")) for block in operation.blocks for i in block.data
    ), "the platform neither measures nor resets in a branch"
    return operation
