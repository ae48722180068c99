"""Strong coin flipping: two parties who do not trust each other agree on a random bit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.errors import check_count, check_name
from qnet_circuits.programs.blocks import bell_measurement, eigenstates, measure_pauli, prepare
from qnet_circuits.programs.chains import ChainProtocol
from qnet_circuits.programs.cheater import Cheater
from qnet_circuits.programs.expressions import Expression, population
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.program import Item, Program, Tag
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.sending import cross, crossing_registers, prepare_pair
from qnet_circuits.theory import coin_flipping
from qnet_circuits.theory.noise_parameters import NoiseParameters

#: The classical registers of Bob's test, and of what a cheater learns.
OUT, HEARD = "out", "heard"


@dataclass(frozen=True)
class _Coin(Cheater):
    """A cheater who wants a coin. Both coins are reached equally often.

    Args:
        target: The coin, 0 or 1. Default 0.

    Raises:
        ParameterError: If it is neither.
    """

    target: int = 0

    def __post_init__(self) -> None:
        check_count("target of the cheater", self.target, 0, 1)


@dataclass(frozen=True)
class OptimalAlice(_Coin):
    """The best Alice: she sends a message that passes as a commitment to 0 and to 1, and opens the bit that suits her.

    Her qubit lies halfway between the states 0 and -. Her two qutrits are (2|22⟩ + |00⟩ + |11⟩)/√6.

    Args:
        target: The coin that she wants, 0 or 1. Default 0.

    Raises:
        ParameterError: If it is neither.

    Example:
        >>> str(OptimalAlice()), str(OptimalAlice(target=1))
        ('alice', 'alice:1')
    """

    kind: ClassVar[str] = "alice"

    def commit(self, circuit: QuantumCircuit, qubits: Sequence[Qubit]) -> None:
        """Append the preparation of her qubit, or of her two qutrits, of which the first is the message."""
        if len(qubits) == 1:
            circuit.ry(-math.pi / 4, qubits[0])
            return
        root = math.sqrt(1 / 6)
        prepare_pair(circuit, qubits[0], qubits[1], [2 * root, root, root, 0.0])
        circuit.cx(qubits[0], qubits[2])
        circuit.cx(qubits[1], qubits[3])


@dataclass(frozen=True)
class OptimalBob(_Coin):
    """The best Bob: he guesses Alice's bit from her message, by Helstrom's measurement, and chooses his own bit by the guess.

    He measures the qubit along (Z + X)/√2. Of the qutrit he asks whether it is 1, which never happens for the bit 0.

    Args:
        target: The coin that he wants, 0 or 1. Default 0.

    Raises:
        ParameterError: If it is neither.
    """

    kind: ClassVar[str] = "bob"

    def guess(self, circuit: QuantumCircuit, qubits: Sequence[Qubit], bit: Clbit) -> None:
        """Append the measurement of her message, whose result is his guess."""
        if len(qubits) == 1:
            circuit.ry(-math.pi / 4, qubits[0])
        circuit.measure(qubits[-1], bit)


def commit(circuit: QuantumCircuit, qubits: Sequence[Qubit], bit: int, basis: str) -> None:
    """Append the commitment of an honest Alice: a state of one qubit, or a Bell pair between two qutrits of two qubits each."""
    if len(qubits) == 1:
        prepare(circuit, qubits[0], eigenstates(basis, [bit])[0])
        return
    circuit.h(qubits[bit])
    circuit.cx(qubits[bit], qubits[2 + bit])


def examine(
    circuit: QuantumCircuit, qubits: Sequence[Qubit], bit: int, basis: str, out: Sequence[Clbit]
) -> str:
    """Append the test of an honest Bob, to whom a bit was opened; return the results for which he does not abort."""
    if len(qubits) == 1:
        measure_pauli(circuit, qubits[0], basis, out[0])
        return str(bit)
    other = 1 - bit
    bell_measurement(circuit, qubits[bit], qubits[2 + bit], z_bit=out[bit], x_bit=out[2 + bit])
    circuit.measure([qubits[other], qubits[2 + other]], [out[other], out[2 + other]])
    return "0000"


@register
@dataclass(frozen=True)
class CoinFlip(ChainProtocol):
    """Alice and Bob, who do not trust each other, flip a coin over a line; a cheater wins more often, but not always.

    Alice commits to a random bit a by a quantum message, Bob answers with a random bit b, and Alice opens a. Bob tests whether
    the message was that of a, and aborts if it was not; otherwise the coin is a + b modulo 2. Without quantum messages one
    party could always choose the coin. With ``qubit`` the message is 0 or + for the bit 0, and 1 or - for the bit 1 (the states
    of Aharonov et al. for the angle π/8, all turned by the same angle), and each cheater wins with probability cos²(π/8). With
    ``qutrit`` it is half of (|aa⟩ + |22⟩)/√2, whose other half follows at the end, and each cheater wins with probability 3/4.
    A qutrit is a pair of qubits, 2 is 00, 0 is 10 and 1 is 01, so Alice makes a Bell pair in the slot that the bit names.

    On hardware: 1 qubit and 4 circuits for ``qubit``; 4 qubits, 2 two-qubit gates and 2 circuits for ``qutrit``. Bob's bit
    changes no operation, so each circuit counts for both of its values.

    Args:
        hops: Number of links, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.
        scheme: ``qubit`` or ``qutrit``.
        cheater: ``alice`` or ``bob``, with the coin that is wanted, such as ``alice:1``. Default: nobody cheats.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.
        UnknownNameError: If there is no such scheme or cheater.

    Example:
        >>> round(CoinFlip(scheme="qutrit", cheater="alice").theory(NoiseParameters())["cheater_wins"], 6)
        0.75
    """

    name: ClassVar[str] = "coin-flip"
    stage: ClassVar[str] = "prepare and measure"
    assumes: ClassVar[tuple[str, ...]] = (
        "One party is honest, and nobody has access to the honest party's laboratory.",
        "Bob can store qubits until Alice opens her bit; in the qutrit scheme so can Alice.",
        "A cheater may also refuse to go on when the coin does not please; the other party then knows that there is no coin.",
        "Noise and loss look like cheating: a run in which the test fails is aborted, whoever caused it.",
    )
    source: ClassVar[str] = (
        "Aharonov, Ta-Shma, Vazirani and Yao, quant-ph/0004017 (qubit); Kerenidis and Nayak, quant-ph/0206121 (qutrit); "
        "optimal cheaters: Spekkens and Rudolph, quant-ph/0106019"
    )

    scheme: str = "qubit"
    cheater: OptimalAlice | OptimalBob | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name("scheme", self.scheme, coin_flipping.SCHEMES)
        self.set_cheater((OptimalAlice, OptimalBob))

    def program(self, rng: np.random.Generator) -> Program:
        """Return a circuit for each commitment of an honest Alice, or for each opening of a cheating one."""
        items, failed, openings = [], Expression(), self._openings()
        for a, basis in openings:
            name = f"{a}_{basis.lower()}" if basis else str(a)
            circuit, bits, wanted = self._round(a, basis)
            others = [each for each in map("".join, product("01", repeat=len(bits))) if each != wanted]
            items.append(Item(name, circuit, self._tags(a, basis), announced=self._announced()))
            failed = failed + population(name, bits, others) / len(openings)
        return Program(items, self._figures(failed), self.chain)

    def _openings(self) -> list[tuple[int, str]]:
        """Return the bits that Alice may open, each with the basis that she announces, if there is one."""
        if self.scheme == "qutrit":
            return [(0, ""), (1, "")]
        if isinstance(self.cheater, OptimalAlice):
            return [(0, "Z"), (1, "X")]
        return list(product((0, 1), "ZX"))

    def _round(self, a: int, basis: str) -> tuple[QuantumCircuit, list[tuple[str, int]], str]:
        """Return the circuit of an opening, and the bits and the values with which Bob does not abort, or wins if he cheats."""
        cheater, held = self.cheater, 1 if basis else 4
        sent = held // 2 if held > 1 and isinstance(cheater, OptimalBob) else held
        circuit = QuantumCircuit(*crossing_registers(self.chain, (held, sent), sent))
        alice, bob = circuit.qregs[0], circuit.qregs[-1]
        if isinstance(cheater, OptimalAlice):
            cheater.commit(circuit, alice)
        else:
            commit(circuit, alice, a, basis)
        for k in range(sent):
            cross(circuit, self.chain, alice[k], bob[k], k)
        if isinstance(cheater, OptimalBob):
            heard = ClassicalRegister(1, HEARD)
            circuit.add_register(heard)
            cheater.guess(circuit, bob, heard[0])
            return circuit, [(HEARD, 0)], str(a)
        out = ClassicalRegister(sent, OUT)
        circuit.add_register(out)
        return circuit, [(OUT, k) for k in range(sent)], examine(circuit, bob, a, basis, out)

    def _tags(self, a: int, basis: str) -> dict[str, Tag]:
        """Return what a circuit stands for; a cheating Alice opens what suits her after Bob's bit."""
        tags: dict[str, Tag] = {"alice": a} | ({"basis": basis.lower()} if basis else {})
        return tags | ({"bob": a ^ self.cheater.target} if isinstance(self.cheater, OptimalAlice) else {})

    def _announced(self) -> tuple[Announcement, ...]:
        alice, *_, bob = self.chain.path()
        opened = (2, "bit and basis") if self.scheme == "qubit" else (1, "bit")
        return Announcement(bob, alice, 1, "bit"), Announcement(alice, bob, *opened)

    def _figures(self, failed: Expression) -> list[Figure]:
        """Return the figures, from the share of rounds in which Bob aborts, or, if he cheats, does not win."""
        best = coin_flipping.cheating(self.scheme)
        if self.cheater is None:
            return [_share("heads", (1 - failed) / 2, 0.5), _share("abort", failed, 0.0)]
        wins = _share("cheater_wins", 1 - failed, best, null=0.5)
        caught = [_share("abort", failed, 1 - best)] if isinstance(self.cheater, OptimalAlice) else []
        return [wins, *caught]

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the figures for the errors of the links."""
        if not noise.ideal:
            return {}
        weights = self.chain.weights
        if self.cheater is None:
            abort = coin_flipping.honest_abort(self.scheme, weights)
            return {"heads": (1 - abort) / 2, "abort": abort}
        if isinstance(self.cheater, OptimalBob):
            return {"cheater_wins": coin_flipping.bob_wins(self.scheme, weights)}
        wins = coin_flipping.alice_wins(self.scheme, weights)
        return {"cheater_wins": wins, "abort": 1 - wins}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """What no cheater exceeds, and what one reaches in every protocol; or how often classical parties must abort."""
        best = coin_flipping.cheating(self.scheme)
        if self.cheater is None:
            return {"abort": {"classical": coin_flipping.classical_abort(best)}}
        return {"cheater_wins": {"optimal": best, "kitaev": coin_flipping.KITAEV}}


def _share(name: str, expression: Expression, ideal: float, null: float | None = None) -> Figure:
    """Return the figure of a share of rounds, which no message of a correction changes."""
    return Figure(name, expression, ideal, ideal, null=null, physical=(0.0, 1.0))
