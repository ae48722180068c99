"""The magic square game: two parties who share two Bell pairs always win it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Clbit, Qubit

from qnet_circuits.programs.blocks import bell_measurement, measure_pauli
from qnet_circuits.programs.chains import ChainProtocol
from qnet_circuits.programs.classical_players import ClassicalPlayers, answered
from qnet_circuits.programs.expressions import Expression, parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.sharing import routed
from qnet_circuits.theory import games
from qnet_circuits.theory.noise_parameters import NoiseParameters


@register
@dataclass(frozen=True)
class MagicSquare(ChainProtocol):
    """A game that two Bell pairs always win: a row and a column of a square that cannot exist.

    Alice fills one row of a 3 by 3 square with +1 and -1, Bob one column. The product of a row must be +1, that of a column -1,
    and both must agree where row and column cross. No square meets all six rules, so without entanglement nobody wins more than
    8 of the 9 questions. With two Bell pairs, Alice measures the observables of her row, and Bob those of his column, in
    IZ ZI ZZ, XI IX XX, -XZ -ZX YY. Two of a line are measured, and the third is their product, so products are always right.
    Two Werner pairs of visibility v win with probability 1/2 + (4v + 5v²)/18, which exceeds 8/9 for a fidelity above 0.88675.
    Each question is a circuit. The p-value is the binomial probability of at least as many wins if the mean probability to win
    were the classical one.

    On hardware: 4 qubits for each hop, two of them at each end, and 4N - 2 two-qubit gates for N hops. The last row and the
    last column each take one more, at one end. Corrections can be made in software (Pauli frame).

    Args:
        hops: Number of links, at least 1. Default 1.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.
        cheater: ``classical``: the parties share no entanglement and answer by a best classical strategy. Default: nobody.

    Raises:
        ParameterError: If a value is out of range, or ``network`` is given together with ``hops`` or ``link_fidelity``.
        UnknownNameError: If there is no such cheater.

    Example:
        >>> round(MagicSquare(link_fidelity=0.95).theory(NoiseParameters())["win_probability"], 5)
        0.94938
    """

    name: ClassVar[str] = "magic-square"
    stage: ClassVar[str] = "entanglement distribution"
    assumes: ClassVar[tuple[str, ...]] = (
        "Neither party learns what the other one was asked before it answers: parties on one chip are too close to exclude "
        "that by distance.",
        "All shots of a question run together, so rounds are taken as independent, and players who know the question "
        "beforehand are not covered.",
        "Every round counts: lost shots would open the detection loophole.",
    )
    source: ClassVar[str] = (
        "Brassard, Broadbent, Tapp, quant-ph/0407221; as an experiment Xu et al., arXiv:2206.12042"
    )

    cheater: ClassicalPlayers | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.set_cheater([ClassicalPlayers])

    def program(self, rng: np.random.Generator) -> Program:
        """Return nine circuits, one for each question."""
        path, game = self.chain.path(), games.magic_square_game()
        told = (
            Announcement(path[-1], path[0], 2, "column"),
            Announcement(path[-1], path[0], 2, "entries", (("out", 2), ("out", 3))),
        )
        items, wins = [], Expression()
        for row, column in game.questions:
            name, tags = f"row{row + 1}_column{column + 1}", {"row": row + 1, "column": column + 1}
            items.append(Item(name, self._circuit(row, column), tags, announced=told))
            wins = wins + _agree(name, row, column)
        classical = games.classical_value(game)
        ideal, silent = (
            (1.0, 0.5 if self.chain.hops > 1 else 1.0) if self.cheater is None else [classical] * 2
        )
        figure = Figure(
            "win_probability", wins / len(items), ideal, silent, null=classical, physical=(0.0, 1.0)
        )
        return Program(items, [figure], self.chain)

    def _circuit(self, row: int, column: int) -> QuantumCircuit:
        """Return the circuit of one question: Alice's two bits, then Bob's, are in ``out``."""
        alice, *_, bob = self.chain.path()
        if self.cheater is not None:
            own = games.best_classical(games.magic_square_game())
            return answered([alice, bob], [divmod(own[0][row], 2), divmod(own[1][column], 2)])
        circuit, routes = routed(self.chain, [(alice, bob)] * 2)
        out = ClassicalRegister(4, "out")
        circuit.add_register(out)
        pairs = [route.entangle(circuit) for route in routes]
        for pair in pairs:
            pair.settle(circuit)
        measure_line(circuit, [pair.near for pair in pairs], games.ROWS[row], out[:2])
        measure_line(circuit, [pair.far for pair in pairs], games.COLUMNS[column], out[2:])
        return circuit

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the probability to win for the errors of both pairs."""
        if not noise.ideal:
            return {}
        if self.cheater is not None:
            return {"win_probability": games.classical_value(games.magic_square_game())}
        return {"win_probability": games.magic_square_win(self.chain.weights, self.chain.weights)}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """What the best of all classical strategies wins."""
        return {"win_probability": {"classical": games.classical_value(games.magic_square_game())}}


def measure_line(
    circuit: QuantumCircuit, qubits: Sequence[Qubit], line: games.Line, bits: Sequence[Clbit]
) -> None:
    """Append the measurement of the two observables of a line, by one gate between the qubits at most.

    Args:
        circuit: The circuit.
        qubits: Two qubits of one node.
        line: A row or a column.
        bits: The bits of its two observables.
    """
    if line.measured == ("XX", "ZZ"):
        bell_measurement(circuit, qubits[0], qubits[1], z_bit=bits[0], x_bit=bits[1])
        return
    if line.measured == ("XZ", "ZX"):
        circuit.cz(qubits[0], qubits[1])
    for k, (qubit, bit) in enumerate(zip(qubits, bits, strict=True)):
        measure_pauli(circuit, qubit, line.measured[k][k], bit)


def _agree(name: str, row: int, column: int) -> Expression:
    """Return the probability that both entries agree where a row and a column cross."""
    (alice, turned), (bob, turned_too) = games.ROWS[row].entries[column], games.COLUMNS[column].entries[row]
    bits = [("out", each) for each in alice] + [("out", 2 + each) for each in bob]
    sign = 1 if turned == turned_too else -1
    return (1 + sign * parity(name, bits)) / 2
