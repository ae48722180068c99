"""Mermin's parity game: three or more parties who share a GHZ state win it always."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit

from qnet_circuits.errors import ParameterError
from qnet_circuits.programs.blocks import measure_pauli
from qnet_circuits.programs.classical_players import ClassicalPlayers, answered
from qnet_circuits.programs.expressions import Expression, parity
from qnet_circuits.programs.figures import Figure
from qnet_circuits.programs.locality import Announcement
from qnet_circuits.programs.program import Item, Program
from qnet_circuits.programs.registry import register
from qnet_circuits.programs.sharing import PartiesProtocol, sent_to_parties
from qnet_circuits.protocols.ghz import ghz_state
from qnet_circuits.theory import games
from qnet_circuits.theory.noise_parameters import NoiseParameters


@register
@dataclass(frozen=True)
class GhzGame(PartiesProtocol):
    """A game that parties with a GHZ state always win; three parties without one lose a quarter of the rounds or more.

    Each of three parties is asked for X or Y, an even number of them for Y, and answers with one bit. The parity of the bits
    must be even if nobody was asked for Y, and odd otherwise. Parties who measure their qubits of a GHZ state always win; a
    GHZ state in white noise wins with probability (1 + v)/2 for the visibility v. Without entanglement nobody wins more
    than 3/4. With more parties the parity must be odd if 2, 6, ... of them were asked for Y. There are 2^(n - 1) questions for
    n parties, each a circuit. The p-value is the binomial probability of at least as many wins if the mean probability to win
    were the classical one.

    On hardware: 3n qubits and 3n - 1 two-qubit gates for a star of n parties. Corrections can be made in software (Pauli
    frame).

    Args:
        parties: Number of parties, each with a link to the source, 3 to 7; or, with ``network``, the names of the parties'
            nodes. Default 3.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: Any network with links of its own. Its first node is the source, and all other nodes are parties unless
            ``parties`` names some.
        cheater: ``classical``: the parties share no entanglement and answer by a best classical strategy. Default: nobody.

    Raises:
        ParameterError: If there are fewer than 3 or more than 7 parties, or the fields do not fit together.
        UnknownNameError: If there is no such cheater.

    Example:
        >>> round(GhzGame(link_fidelity=0.95).theory(NoiseParameters())["win_probability"], 4)
        0.9065
    """

    name: ClassVar[str] = "ghz-game"
    stage: ClassVar[str] = "entanglement distribution"
    assumes: ClassVar[tuple[str, ...]] = (
        "No party learns what another one was asked before it answers: parties on one chip are too close to exclude that by "
        "distance.",
        "All shots of a question run together, so rounds are taken as independent, and players who know the question "
        "beforehand are not covered.",
        "Every round counts: lost shots would open the detection loophole.",
    )
    source: ClassVar[str] = "Mermin 1990, as a game: Brassard, Broadbent, Tapp, quant-ph/0408052"
    least_parties: ClassVar[int] = 3

    cheater: ClassicalPlayers | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.set_cheater([ClassicalPlayers])
        if len(self.members) > games.MOST_PARTIES:
            raise ParameterError(
                f"ghz-game has 2^(n - 1) questions for n parties: give at most {games.MOST_PARTIES} parties, got "
                f"{len(self.members)}"
            )

    @property
    def _game(self) -> games.Game:
        return games.parity_game(len(self.members))

    def program(self, rng: np.random.Generator) -> Program:
        """Return a circuit for each question."""
        told, items, wins = self._announced(), [], Expression()
        for asked in self._game.questions:
            name = "".join("xy"[each] for each in asked)
            items.append(Item(name, self._circuit(asked), {"question": name}, announced=tuple(told)))
            sign = -1 if games.odd_wins(asked) else 1
            wins = wins + (1 + sign * parity(name, [("out", k) for k in range(len(asked))])) / 2
        classical = games.classical_value(self._game)
        ideal, silent = (1.0, 0.5) if self.cheater is None else (classical, classical)
        figure = Figure(
            "win_probability", wins / len(items), ideal, silent, null=classical, physical=(0.0, 1.0)
        )
        return Program(items, [figure], self.shared)

    def _announced(self) -> list[Announcement]:
        """Return what the parties tell the first one, who finds out whether they won."""
        first, *others = self.members
        questions = [Announcement(each, first, 1, "question") for each in others]
        return questions + [
            Announcement(each, first, 1, "answer", (("out", k),)) for k, each in enumerate(others, 1)
        ]

    def _circuit(self, asked: games.Each) -> QuantumCircuit:
        """Return the circuit of one question, whose answers are in ``out``."""
        if self.cheater is not None:
            strategy = games.best_classical(self._game)
            return answered(self.members, [[own[each]] for own, each in zip(strategy, asked, strict=True)])
        circuit, qubits = sent_to_parties(self.shared, self.members, ghz_state)
        out = ClassicalRegister(len(qubits), "out")
        circuit.add_register(out)
        for qubit, each, bit in zip(qubits, asked, out, strict=True):
            measure_pauli(circuit, qubit, "XY"[each], bit)
        return circuit

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the probability to win for the errors between the source and the parties."""
        if not noise.ideal:
            return {}
        classical = self.cheater is not None
        won = games.classical_value(self._game) if classical else games.parity_game_win(self.arms)
        return {"win_probability": won}

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """What the best of all classical strategies wins."""
        return {"win_probability": {"classical": games.classical_value(self._game)}}
