"""Eavesdroppers on a link: each is a node with a register of her own, and her record holds what she learns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qnet_circuits.errors import check_name, check_range
from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.cheater import cheater_of
from qnet_circuits.qkd.settings import AXES, Bit
from qnet_circuits.qkd.tapping import HEARD, Eavesdropper

#: The axes that she may measure along: halfway between Z and X lies the Breidbart basis.
_AXES = {**AXES, "breidbart": (math.sqrt(0.5), 0.0, math.sqrt(0.5))}


@dataclass(frozen=True)
class InterceptResend(Eavesdropper):
    """Intercept-resend: Eve measures a qubit and sends on the state that she saw.

    With random bases of BB84 she causes an error rate of 25 % in each basis and learns half of the bits (six-state: 33.3 % and
    a third). The Breidbart basis, halfway between Z and X, also causes 25 %, and she is right with probability cos²(π/8). She
    sends on the qubit that she measured, in the state that she saw.

    Args:
        fraction: Fraction of the qubits that she intercepts, in [0, 1]. Default 1.
        basis: ``z``, ``x`` or ``breidbart``. Default: for each qubit a random basis of the protocol.

    Raises:
        ParameterError: If the fraction is out of range.
        UnknownNameError: If there is no such basis.

    Example:
        >>> eve = InterceptResend(fraction=0.1)
        >>> str(eve), eve.choices(("z", "x"))
        ('intercept-resend:0.1', {'none': 0.9, 'z': 0.05, 'x': 0.05})
        >>> eavesdropper("intercept-resend:0.1:breidbart")
        InterceptResend(fraction=0.1, basis='breidbart')
    """

    kind: ClassVar[str] = "intercept-resend"
    fraction: float = 1.0
    basis: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "fraction", check_range("fraction", self.fraction, 0.0, 1.0))
        if self.basis is not None:
            check_name("basis of an eavesdropper", self.basis, ("z", "x", "breidbart"))

    def __str__(self) -> str:
        return ":".join([self.kind, str(self.fraction), *([self.basis] if self.basis else [])])

    def choices(self, bases: Sequence[str]) -> dict[str, float]:
        """Return the bases that she measures in, and ``none`` if she lets a qubit pass."""
        chosen = [self.basis] if self.basis else list(bases)
        taken = {basis: self.fraction / len(chosen) for basis in chosen}
        likely = {"none": 1 - self.fraction, **taken}
        return {choice: probability for choice, probability in likely.items() if probability > 0}

    def heard(self, choice: str) -> Bit | None:
        """Return her bit, if she measured."""
        return None if choice == "none" else (HEARD, 0)

    def meet(self, circuit: QuantumCircuit, register: QuantumRegister, choice: str) -> None:
        """Append her measurement, and the rotation back to her basis."""
        if choice == "none":
            return
        heard = ClassicalRegister(1, HEARD)
        circuit.add_register(heard)
        if choice == "breidbart":
            circuit.ry(-math.pi / 4, register[0])
            circuit.measure(register[0], heard[0])
            circuit.ry(math.pi / 4, register[0])
            return
        measure_pauli(circuit, register[0], choice.upper(), heard[0])
        for gate in {"z": (), "x": ("h",), "y": ("h", "s")}[choice]:
            getattr(circuit, gate)(register[0])

    def transmitted(self, basis: str, bases: Sequence[str]) -> float:
        """Return 1 - f + f (m·B)², averaged over her axes m."""
        return sum(p * _overlap(does, basis) ** 2 for does, p in self.choices(bases).items())

    def knowledge(self, basis: str, bases: Sequence[str]) -> tuple[tuple[float, float], ...]:
        """Return |m·B| for each of her axes m."""
        return tuple(
            (p, abs(_overlap(does, basis))) for does, p in self.choices(bases).items() if does != "none"
        )


@dataclass(frozen=True)
class EntanglingProbe(Eavesdropper):
    """Optimal individual attack: Eve entangles a probe with each qubit, and measures it when the bases are known.

    She uses the phase-covariant cloner |0⟩|0⟩ → |0⟩|0⟩, |1⟩|0⟩ → cos η |1⟩|0⟩ + sin η |0⟩|1⟩, turned so that the circle of X
    and Z is its equator. Bob is wrong with probability D = (1 - cos η)/2, and she is right with probability F_E = 1/2 + √(D(1 -
    D)). No attack on single qubits learns more for this D (J. I. Cirac and N. Gisin, Coherent eavesdropping strategies for the
    4 state quantum cryptography protocol, 1997).

    Args:
        disturbance: The error rate D that she causes, in [0, 0.5].

    Raises:
        ParameterError: If the disturbance is out of range.

    Example:
        >>> str(EntanglingProbe(disturbance=0.5)), EntanglingProbe(0.5).knowledge("x", ("z", "x"))
        ('entangling-probe:0.5', ((1.0, 1.0),))
    """

    kind: ClassVar[str] = "entangling-probe"
    qubits: ClassVar[int] = 2
    disturbance: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "disturbance", check_range("disturbance", self.disturbance, 0.0, 0.5))

    def choices(self, bases: Sequence[str]) -> dict[str, float]:
        """Return her only choice."""
        return {"probe": 1.0}

    def meet(self, circuit: QuantumCircuit, register: QuantumRegister, choice: str) -> None:
        """Append the cloner between the qubit and her probe."""
        qubit, probe = register
        circuit.rx(math.pi / 2, qubit)  # turns the circle of X and Z to that of X and Y
        circuit.cry(2 * math.acos(1 - 2 * self.disturbance), qubit, probe)
        circuit.cx(probe, qubit)
        circuit.rx(-math.pi / 2, qubit)
        circuit.rx(-math.pi / 2, probe)

    def ask(self, circuit: QuantumCircuit, register: QuantumRegister, choice: str, basis: str) -> None:
        """Append the measurement of her probe in the basis that Alice announced."""
        heard = ClassicalRegister(1, HEARD)
        circuit.add_register(heard)
        measure_pauli(circuit, register[1], basis.upper(), heard[0])

    def transmitted(self, basis: str, bases: Sequence[str]) -> float:
        """Return cos η on the circle, and cos² η for Y, the cloner's axis."""
        cosine = 1 - 2 * self.disturbance
        return cosine**2 if basis == "y" else cosine

    def knowledge(self, basis: str, bases: Sequence[str]) -> tuple[tuple[float, float], ...]:
        """Return sin η on the circle, and sin² η for Y."""
        sine = 2 * math.sqrt(self.disturbance * (1 - self.disturbance))
        return ((1.0, sine**2 if basis == "y" else sine),)


@dataclass(frozen=True)
class ManInTheMiddle(Eavesdropper):
    """Man in the middle: Eve plays Bob to Alice and Alice to Bob, and shares a key with each.

    She causes no errors, so no error rate reveals her. Only authentication reveals her, since she lacks the key that Alice and
    Bob share.

    Example:
        >>> str(ManInTheMiddle())
        'man-in-the-middle'
    """

    kind: ClassVar[str] = "man-in-the-middle"

    def transmitted(self, basis: str, bases: Sequence[str]) -> float:
        """Return 1: Alice and Bob each receive exactly what their peer, Eve, sent."""
        return 1.0

    def knowledge(self, basis: str, bases: Sequence[str]) -> tuple[tuple[float, float], ...]:
        """Return full knowledge: she knows each sifted bit."""
        return ((1.0, 1.0),)


@dataclass(frozen=True)
class PhotonSplitting(Eavesdropper):
    """Photon-number splitting: Eve keeps one photon of each pulse of several, and measures it when the bases are known.

    She sends the other photons on without loss, and blocks as many single photons as she can without lowering the mean number
    of clicks. She causes no error. If the line loses more than the share of pulses with several photons, she knows all bits
    (described in arXiv:quant-ph/0503005). Weak pulses of a decoy state then click too seldom.

    Loss in Bob's detectors counts as loss of the line: no proof trusts the efficiency of detectors.

    Example:
        >>> import numpy as np
        >>> emitted, seen = np.array([[0.6, 0.3, 0.1]]), np.array([[0.0, 0.15, 0.1]])
        >>> {does: np.round(table, 9).tolist() for does, table in PhotonSplitting().passing("zx", emitted, seen).items()}
        {'split': [[0.0, 0.0, 0.1]], 'none': [[0.0, 0.15, 0.0]]}
    """

    kind: ClassVar[str] = "photon-splitting"

    def heard(self, choice: str) -> Bit | None:
        """Return her bit, if she kept a photon."""
        return None if choice == "none" else (HEARD, 0)

    def passing(
        self, bases: Sequence[str], emitted: NDArray[np.float64], seen: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return the pulses that she splits, and the single photons that she lets pass if those are too few."""
        _, single, several = emitted.sum(axis=0)
        wanted = seen.sum()
        shares = {
            "split": (2, min(1.0, wanted / (several or 1.0))),
            "none": (1, max(0.0, wanted - several) / single),
        }
        columns = np.eye(3)
        return {choice: share * emitted * columns[n] for choice, (n, share) in shares.items() if share > 0}

    def transmitted(self, basis: str, bases: Sequence[str]) -> float:
        """Return 1: no photon that arrives was touched."""
        return 1.0

    def knowledge(self, basis: str, bases: Sequence[str]) -> tuple[tuple[float, float], ...]:
        """Return full knowledge of a pulse that she split."""
        return ((1.0, 1.0),)


_KINDS: tuple[type[Eavesdropper], ...] = (InterceptResend, EntanglingProbe, ManInTheMiddle, PhotonSplitting)


def eavesdropper(given: object) -> Eavesdropper | None:
    """Return the eavesdropper that was given, as an object.

    Args:
        given: An eavesdropper, None, or a text: ``intercept-resend[:fraction[:basis]]``, ``entangling-probe:disturbance``,
            ``man-in-the-middle`` or ``photon-splitting``.

    Raises:
        UnknownNameError: If there is no such eavesdropper.
        ParameterError: If it is none of these.

    Example:
        >>> eavesdropper("entangling-probe:0.05")
        EntanglingProbe(disturbance=0.05)
    """
    return cheater_of(given, _KINDS, "eavesdropper")


def _overlap(choice: str, basis: str) -> float:
    """Return m·B, or 1 if she lets the qubit pass."""
    if choice == "none":
        return 1.0
    return sum(a * b for a, b in zip(_AXES[choice], AXES[basis], strict=True))
