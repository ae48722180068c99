"""Blocks that protocols are made of: states, measurements, Bell measurements, and operations on a remote qubit."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qiskit import QuantumCircuit
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.errors import ParameterError, ProgramError, check_name
from qnet_circuits.programs.instructions import correct, entangle
from qnet_circuits.programs.link import Link

Bloch = tuple[float, float, float]
State = str | tuple[float, float]

#: The six cardinal states by name, with their Bloch vectors. They are a 2-design: an average over them is one over all.
CARDINAL: dict[str, Bloch] = {
    "0": (0.0, 0.0, 1.0), "1": (0.0, 0.0, -1.0), "+": (1.0, 0.0, 0.0),
    "-": (-1.0, 0.0, 0.0), "+i": (0.0, 1.0, 0.0), "-i": (0.0, -1.0, 0.0),
}  # fmt: skip
#: Angles as text.
_ANGLES = re.compile(r"theta\s*=\s*([^,]+?)\s*,\s*phi\s*=\s*([^,]+)")
_PREPARATION = {"0": "", "1": "x", "+": "h", "-": "xh", "+i": "hs", "-i": "xhs"}
_ROTATION = {"X": ("h",), "Y": ("sdg", "h"), "Z": ()}


def check_state(state: object) -> State:
    """Return a one-qubit state in its standard form.

    Args:
        state: A cardinal state's name (0, 1, +, -, +i, -i), or its angles (theta, phi) on the Bloch sphere in radians, also as
            text, ``theta=1.2, phi=0.5``. Two plain numbers whose squares sum to 1 could be amplitudes: only the text is clear.

    Raises:
        ParameterError: If it is neither, or two numbers could be amplitudes.

    Example:
        >>> check_state(0), check_state("1.2, 0.5"), check_state("theta=0.6, phi=0.8")
        ('0', (1.2, 0.5), 'theta=0.6, phi=0.8')
    """
    if isinstance(state, str | int) and not isinstance(state, bool) and str(state) in CARDINAL:
        return str(state)
    named = _ANGLES.fullmatch(state.strip()) if isinstance(state, str) else None
    parts = named.groups() if named else state.strip("() ").split(",") if isinstance(state, str) else state
    try:
        if any(isinstance(part, bool) for part in parts):  # type: ignore[attr-defined]
            raise TypeError("a truth value is no angle")
        theta, phi = (float(part) for part in parts)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        names = ", ".join(CARDINAL)
        raise ParameterError(
            f"state must be one of {names}, or angles in radians such as theta=1.2, phi=0.5, got {state!r}"
        ) from None
    if not (math.isfinite(theta) and math.isfinite(phi)):
        raise ParameterError(f"the angles of a state must be finite, got {state!r}")
    if not _like_amplitudes(theta, phi):
        return theta, phi
    if named:
        return f"theta={theta!r}, phi={phi!r}"
    polar, azimuth = 2 * math.atan2(abs(phi), abs(theta)), 0.0 if theta * phi >= 0 else math.pi
    raise ParameterError(
        f"state={state!r} could be two angles or two amplitudes: for the angles write 'theta={theta:g}, phi={phi:g}', for the "
        f"amplitudes their angles, 'theta={polar:.10g}, phi={azimuth:.10g}'"
    )


def _like_amplitudes(a: float, b: float) -> bool:
    """Tell whether two numbers could be real amplitudes; rounded ones if both differ from 0."""
    return abs(a * a + b * b - 1) < (1e-9 if 0.0 in (a, b) else 0.01)


def angles_of(state: State) -> tuple[float, float]:
    """Return the angles (theta, phi) of a state that is given by angles."""
    if not isinstance(state, str):
        return state
    named = _ANGLES.fullmatch(state)
    if named is None:
        raise ParameterError(f"state {state!r} has no angles; write them as theta=1.2, phi=0.5")
    return float(named[1]), float(named[2])


def bloch_vector(state: State) -> Bloch:
    """Return the Bloch vector (x, y, z), of length 1, of a state."""
    if state in CARDINAL:
        return CARDINAL[str(state)]
    theta, phi = angles_of(state)
    return math.sin(theta) * math.cos(phi), math.sin(theta) * math.sin(phi), math.cos(theta)


def prepare(circuit: QuantumCircuit, qubit: Qubit, state: State) -> None:
    """Append gates that take |0⟩ to a one-qubit state.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(1)
        >>> prepare(circuit, circuit.qubits[0], "+i")
        >>> [instruction.operation.name for instruction in circuit.data]
        ['h', 's']
    """
    if state in CARDINAL:
        for gate in _PREPARATION[str(state)]:
            getattr(circuit, gate)(qubit)
        return
    theta, phi = angles_of(state)
    circuit.ry(theta, qubit)
    circuit.rz(phi, qubit)


def measure_pauli(circuit: QuantumCircuit, qubit: Qubit, pauli: str, bit: Clbit) -> None:
    """Append the measurement of X, Y or Z; the bit is 0 for the eigenvalue +1."""
    for gate in _ROTATION[check_name("Pauli", pauli, _ROTATION)]:
        getattr(circuit, gate)(qubit)
    circuit.measure(qubit, bit)


def bell_measurement(circuit: QuantumCircuit, data: Qubit, half: Qubit, z_bit: Clbit, x_bit: Clbit) -> None:
    """Append a Bell state measurement of two qubits of one node.

    If ``data`` carries a state and ``half`` is one half of Φ+, the other half becomes that state after Z to the power
    ``z_bit`` and X to the power ``x_bit`` (Bennett et al., Phys. Rev. Lett. 70, 1895 (1993)).

    Args:
        circuit: The protocol's circuit.
        data: The qubit whose state is sent on.
        half: The near half of the Bell pair.
        z_bit: Bit that decides on Z at the far half.
        x_bit: Bit that decides on X at the far half.
    """
    circuit.cx(data, half)
    circuit.h(data)
    circuit.measure(data, z_bit)
    circuit.measure(half, x_bit)


def move(circuit: QuantumCircuit, source: Qubit, target: Qubit) -> None:
    """Append the move of a qubit's state to an unused qubit of the same node, by two CNOTs.

    The target must be in |0⟩. The source is in |0⟩ afterwards, so the next pair can be made there. Use this to bring one half
    of a pair from a communication qubit into a memory.

    Args:
        circuit: The protocol's circuit.
        source: The qubit that holds the state.
        target: An unused qubit of the same node, or one that was just reset.

    Example:
        >>> from qiskit import QuantumRegister
        >>> alice, bob = QuantumRegister(2, "alice"), QuantumRegister(2, "bob")
        >>> circuit = QuantumCircuit(alice, bob)
        >>> entangle(circuit, alice[1], bob[0])
        >>> move(circuit, alice[1], alice[0]), move(circuit, bob[0], bob[1])
        (None, None)
        >>> entangle(circuit, alice[1], bob[0])
    """
    circuit.cx(source, target)
    circuit.cx(target, source)


@dataclass(frozen=True)
class Pair:
    """A Bell pair Φ+ whose far half still waits for X, if the parity of ``x`` is odd, and for Z, if that of ``z`` is.

    The bits are the results of the stations on the way; a pair over one link has none.
    """

    near: Qubit
    far: Qubit
    x: tuple[Clbit, ...] = ()
    z: tuple[Clbit, ...] = ()

    def settle(self, circuit: QuantumCircuit) -> None:
        """Append the correction of the far half, if stations swapped."""
        self.corrected(circuit)

    def corrected(self, circuit: QuantumCircuit, x: Iterable[Clbit] = (), z: Iterable[Clbit] = ()) -> None:
        """Append one correction of the far half, for the stations' results together with other bits."""
        x, z = [*self.x, *x], [*self.z, *z]
        if x or z:
            correct(circuit, self.far, x=x, z=z)

    def teleport(self, circuit: QuantumCircuit, qubit: Qubit, z_bit: Clbit, x_bit: Clbit) -> Qubit:
        """Append the teleportation of a qubit of the near node; return the far half, which then holds its state.

        The results of the stations and of the teleportation are corrected together.
        """
        bell_measurement(circuit, qubit, self.near, z_bit=z_bit, x_bit=x_bit)
        self.corrected(circuit, x=[x_bit], z=[z_bit])
        return self.far


def remote_cz(
    circuit: QuantumCircuit,
    a: Qubit,
    b: Qubit,
    pair: tuple[Qubit, Qubit] | Pair,
    bits: tuple[Clbit, Clbit],
    link: Link | None = None,
    *,
    corrected: bool = True,
) -> None:
    """Append a controlled Z between qubits of two nodes, which consumes a Bell pair and one message each way.

    Qubit ``a`` is copied in the Z basis onto the far half of the pair. The copy controls Z on ``b``, and is then measured in
    the X basis. Both messages are sent at the same time (Eisert et al., Phys. Rev. A 62, 052317 (2000)), and each node's Z
    correction waits for the other node's bit. An error X of the link becomes Z on ``b``, and Z becomes Z on ``a``. A graph
    state is |+⟩ at each node, and one remote CZ for each edge.

    Args:
        circuit: The protocol's circuit.
        a: A qubit of one node.
        b: A qubit of the other node.
        pair: A communication qubit of each node, first the one at the node of ``a``, both in |0⟩ (unused, or just reset); or a
            pair that was made before, such as that of ``Route.entangle``, with its near half at the node of ``a``. What it
            still waits for is corrected together with the rest.
        bits: The bit that is measured at the node of ``a`` and decides on Z at ``b``, and the one from ``b`` for ``a``.
        link: The link, whose errors happen to the pair. Default: no errors. A pair that was made before has none.
        corrected: Whether the two corrections follow at once. Z commutes with diagonal gates, so the corrections of several
            remote CZs can be gathered in one correction for each qubit and one round of communication:
            ``correct(circuit, b, z=[bits[0], *pair.x, ...])`` and ``correct(circuit, a, z=[bits[1], *pair.z, ...])``, where
            only a pair that was made before has ``x`` and ``z``.

    Raises:
        ProgramError: If the bits or the qubits are not all different, ``link`` is not a Link, or there is a link for a pair
            that was made before.

    Example:
        >>> from qiskit import ClassicalRegister, QuantumRegister
        >>> alice, bob, bits = QuantumRegister(2, "alice"), QuantumRegister(2, "bob"), ClassicalRegister(2, "m")
        >>> circuit = QuantumCircuit(alice, bob, bits)
        >>> remote_cz(circuit, alice[0], bob[0], (alice[1], bob[1]), (bits[0], bits[1]))
        >>> circuit.count_ops()["entangle"], circuit.count_ops()["correct"]
        (1, 2)
    """
    made = pair if isinstance(pair, Pair) else None
    if made and link is not None:
        raise ProgramError(f"a pair that was made before takes no link, got {link!r}")
    try:
        (near, far), (to_b, to_a) = (made.near, made.far) if made else pair, bits  # type: ignore[misc]
        different = len({a, b, near, far}) == 4 and len({to_b, to_a}) == 2
    except (TypeError, ValueError):  # not two of each, or no bits at all
        different = False
    if not different:
        raise ProgramError(
            "a remote CZ needs four different qubits, two of which, one at each node, are the pair, and two different "
            f"classical bits, one for each message, got {a!r}, {b!r}, pair {pair!r} and bits {bits!r}"
        )
    if not made:
        entangle(circuit, near, far, link)
    circuit.cx(a, near)
    circuit.cz(far, b)
    measure_pauli(circuit, near, "Z", to_b)
    measure_pauli(circuit, far, "X", to_a)
    if corrected:
        # X on the far half becomes Z on b, and Z there turns the result of its measurement.
        correct(circuit, b, z=[to_b, *(made.x if made else ())])
        correct(circuit, a, z=[to_a, *(made.z if made else ())])


def eigenstates(paulis: str, values: Sequence[int]) -> tuple[State, ...]:
    """Return the states that are eigenstates of each Pauli letter, with eigenvalue +1 for value 0 and -1 for value 1."""
    names = {"X": "+-", "Y": ("+i", "-i"), "Z": "01"}
    return tuple(names[pauli][value] for pauli, value in zip(paulis, values, strict=True))
