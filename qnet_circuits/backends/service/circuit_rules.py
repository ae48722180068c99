"""The rules for a single circuit: what a processor can run."""

from __future__ import annotations

import keyword
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, ClassicalRegister, Clbit, IfElseOp, ParameterExpression, Store
from qiskit.circuit.classical import expr
from qiskit.primitives import DataBin
from qiskit.transpiler import Target

from qnet_circuits.backends.service.violations import Limits, Violation
from qnet_circuits.classical import arithmetic, operands
from qnet_circuits.devices.repaired import UNITS

_FRAME = 'use corrections="frame" (--corrections frame), which decides nothing in real time'
#: A result has these as attributes of its own, next to the registers.
_TAKEN = frozenset(name for name in dir(DataBin) if name.isidentifier())
#: A processor can do these whatever its target lists.
_EVERYWHERE = ("barrier", "store")


def circuit_violations(circuit: QuantumCircuit, target: Target, limits: Limits) -> list[Violation]:
    """Return the rules that a single circuit violates, apart from the limits of a job.

    Args:
        circuit: A circuit on the device's qubits.
        target: The device's target.
        limits: The limits.
    """
    check = _Check(circuit, target, limits)
    check.whole()
    if circuit.num_qubits <= target.num_qubits:
        check.block(circuit, range(circuit.num_qubits), "")
    return check.found


@dataclass
class _Check:
    """The check of one circuit."""

    circuit: QuantumCircuit
    target: Target
    limits: Limits
    found: list[Violation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._supported: dict[tuple[str, tuple[int, ...]], bool] = {}

    def _say(self, rule: str, instruction: str | None, message: str, way_out: str) -> None:
        text = f"circuit {self.circuit.name!r}: {message}"
        self.found.append(Violation(rule, self.circuit.name, instruction, text, way_out))

    # -- the circuit as a whole ------------------------------------------------------------------------------------

    def whole(self) -> None:
        """Check width, registers, parameters and variables."""
        circuit, most = self.circuit, self.target.num_qubits
        if circuit.num_qubits > most:
            message = f"{circuit.num_qubits} qubits, but the device has {most}"
            self._say("qubits", None, message, "use fewer hops or nodes, or a larger device")
        if circuit.parameters:
            names = ", ".join(sorted(parameter.name for parameter in circuit.parameters))
            self._say("parameter", None, f"parameters without a value: {names}", "assign them first")
        for variable in circuit.iter_input_vars():
            message = f"the input variable {variable.name!r} is given no value"
            self._say("input", None, message, "use add_var with a value instead of add_input")
        self._registers()

    def _registers(self) -> None:
        if not self.circuit.cregs:
            self._say("register", None, "no classical register", "measure into one")
        for register in self.circuit.cregs:
            name = register.name
            why = _unusable(register)
            if why:
                message = f"the classical register {name!r} {why}"
                self._say("register", None, message, "choose another name and at least one bit")
        loose = [bit for bit in self.circuit.clbits if not self.circuit.find_bit(bit).registers]
        if loose and self.circuit.cregs:
            message = f"{len(loose)} classical bits are in no register, and would not be returned"
            self._say("register", None, message, "put them into a classical register")

    # -- instruction by instruction --------------------------------------------------------------------------------

    def block(self, block: QuantumCircuit, qubits: Sequence[int], inside: str) -> None:
        """Check the instructions of a circuit, or of a branch.

        Args:
            block: The circuit or the branch.
            qubits: The device's qubit of each of its wires.
            inside: The owner of the branch, in words; empty for the circuit itself.
        """
        place = dict(zip(block.qubits, qubits, strict=True))
        for position, instruction in enumerate(block.data):
            where = tuple(place[qubit] for qubit in instruction.qubits)
            named = _named(instruction, where, position) if not inside else _named(instruction, where)
            self._instruction(instruction, where, named + inside, bool(inside))

    def _instruction(
        self, instruction: CircuitInstruction, qubits: tuple[int, ...], named: str, branch: bool
    ) -> None:
        operation, name = instruction.operation, str(instruction.name)
        if instruction.is_control_flow():
            self._control_flow(instruction, qubits, named, branch)
            return
        if branch and name.startswith(("measure", "reset")):
            self._say("branch", named, f"{named}: no measurement or reset may be in a branch", _FRAME)
        if isinstance(operation, Store):
            self._store(operation, named)
        elif name == "delay":
            self._delay(instruction, named)
        if name not in _EVERYWHERE:
            self._gate(instruction, qubits, named)

    def _control_flow(
        self, instruction: CircuitInstruction, qubits: tuple[int, ...], named: str, branch: bool
    ) -> None:
        operation = instruction.operation
        if not isinstance(operation, IfElseOp):
            message = f"{named}: processors have no control flow but if_else"
            self._say("control_flow", named, message, "write it out with if_test, or " + _FRAME)
            return
        if branch:
            message = f"{named}: a decision may not be inside another"
            self._say("nesting", named, message, "join both conditions into one, or " + _FRAME)
            return
        if "if_else" not in self.target.operation_names:
            message = f"{named}: the device has no if_else, so it decides nothing in real time"
            self._say("dynamic", named, message, 'use corrections="frame" or "postselect"')
        self._condition(operation.condition, named)
        for block in operation.blocks:
            self.block(block, qubits, f" inside {named}")

    def _condition(self, condition: object, named: str) -> None:
        most = self.limits.condition_bits
        read = operands(condition)
        wide = next((operand for operand in read if len(operand.bits) > most), None)
        width = len(frozenset().union(*(operand.bits for operand in read)))
        if wide is not None:
            message = f"{named} compares {wide.name!r} of {len(wide.bits)} bits, at most {most} are possible"
            self._say("operand", named, message, "read single bits of it, or " + _FRAME)
        elif width > most:
            message = f"{named} decides on {width} bits, at most {most} are sure to pass for one decision"
            reason = "no splitting into jobs helps, since it is one circuit: "
            self._say("condition", named, message, reason + _FRAME + ", or fewer hops")
        self._arithmetic(condition, named)

    def _arithmetic(self, expression: object, named: str) -> None:
        names = arithmetic(expression)
        if names:
            message = f"{named} computes {', '.join(dict.fromkeys(names))}, which processors cannot"
            self._say("arithmetic", named, message, "use bit_and, bit_or, bit_xor and comparisons only")

    def _store(self, operation: Store, named: str) -> None:
        self._arithmetic(operation.rvalue, named)
        into = operation.lvalue
        while isinstance(into, expr.Index):
            into = into.target
        if isinstance(getattr(into, "var", None), Clbit | ClassicalRegister):
            message = f"{named} stores into a classical register, and stored values are not returned"
            self._say(
                "store", named, message, "store into a variable (add_var), and measure what is read later"
            )

    def _delay(self, instruction: CircuitInstruction, named: str) -> None:
        """Check a delay of known length. The scheduler aligns stretches."""
        length, unit = instruction.operation.params[0], instruction.operation.unit
        if isinstance(length, expr.Expr | ParameterExpression):
            return
        step = math.lcm(int(self.target.pulse_alignment), int(self.target.acquire_alignment))
        if unit == "dt":
            units = float(length)
        elif self.target.dt:
            units = float(length) * UNITS[unit] / self.target.dt
        else:
            return
        steps = units / step
        if abs(steps - round(steps)) > 1e-6 * max(1.0, steps):
            near = f"{math.floor(steps) * step} or {math.ceil(steps) * step} dt"
            message = f"{named} lasts {units:g} dt, which is no multiple of the device's {step} dt"
            self._say("delay", named, message, f"make it {near}")

    def _gate(self, instruction: CircuitInstruction, qubits: tuple[int, ...], named: str) -> None:
        name = str(instruction.name)
        if (name, qubits) not in self._supported:
            self._supported[name, qubits] = bool(self.target.instruction_supported(name, qubits))
        if not self._supported[name, qubits]:
            known = name in self.target.operation_names
            message = f"{named}: the device has no {name}" + (" on these qubits" if known else "")
            self._say("gate", named, message, "compile for this device (qn.compile)")
        angle = instruction.params[0] if name == "rzz" else 0.0
        if not isinstance(angle, ParameterExpression) and not -1e-12 <= angle <= math.pi / 2 + 1e-10:
            message = f"{named} turns by {angle:.4g}, processors take 0 to π/2"
            self._say("angle", named, message, "write it as rzz in that range between X and RZ gates")


def _unusable(register: ClassicalRegister) -> str:
    """Return the reason why a register cannot hold outcomes; empty if it can."""
    if not register.size:
        return "has no bit"
    if not register.name.isidentifier():
        return "has a name that is no identifier"
    if keyword.iskeyword(register.name):
        return "has a keyword of Python for a name"
    return "has a name that results keep for themselves" if register.name in _TAKEN else ""


def _named(instruction: CircuitInstruction, qubits: tuple[int, ...], position: int | None = None) -> str:
    """Return an instruction in words: its name, its qubits and its place."""
    word = "qubit" if len(qubits) == 1 else "qubits"
    where = f" on {word} {', '.join(map(str, qubits))}" if qubits else ""
    return f"{instruction.name}{where}" + ("" if position is None else f" (instruction {position})")
