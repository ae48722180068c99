"""Direct transport along a chain by SWAPs, for comparison with protocols that use measurements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from qnet_circuits.errors import ParameterError, check_name
from qnet_circuits.programs.blocks import State, check_state
from qnet_circuits.programs.chains import ChainProtocol, carried_ends
from qnet_circuits.programs.program import Program
from qnet_circuits.programs.protocol import Protocol
from qnet_circuits.programs.registry import register
from qnet_circuits.protocols.chsh import Chsh, chsh_program
from qnet_circuits.protocols.repeater_chain import RepeaterChain, bell_program
from qnet_circuits.protocols.teleportation import Teleportation, state_program
from qnet_circuits.theory.noise_parameters import NoiseParameters

TASKS = ("bell", "chsh", "state")


@register
@dataclass(frozen=True)
class SwapTransport(ChainProtocol):
    """For comparison: one half of a Bell pair, or a qubit, is carried along a chain by SWAP gates.

    This is the direct way to entangle distant qubits on a machine, and the baseline of protocols over a chain. It needs no
    mid-circuit measurement and no message, but its depth grows with the distance, while the depth of swapping by measurement
    stays the same (Bäumer et al., PRX Quantum 5, 030339 (2024), who find that circuits with measurement and feed-forward can do
    better than unitary ones). The Pauli errors of all links add up on the qubit that travels, so the links' own noise gives the
    same fidelity as in a repeater chain: 1/4 + 3/4 v^N with v = (4F - 1)/3 for Werner links of fidelity F.

    On hardware: the 2N qubits of a repeater chain of N hops, and 6N - 5 two-qubit gates in a row, three for each of 2N - 2
    SWAPs, with any carrier of the run. A state takes the 2N + 1 qubits of teleportation, and 2N SWAPs.

    Args:
        hops: Number of links, at least 1. Default 3.
        link_fidelity: Fidelity of every link, in [0.25, 1]. Default 1.
        network: A chain with links of its own, instead of ``hops`` and ``link_fidelity``.
        task: The task: ``bell`` carries half of a pair and has the figures of ``RepeaterChain``; ``chsh`` carries half of a
            pair and has the figure of ``Chsh``; ``state`` carries a qubit and has the figures of ``Teleportation``. Default
            ``bell``.
        state: With ``state``: 0, 1, +, -, +i, -i, or angles, as of ``Teleportation``. By default all six cardinal states.

    Raises:
        ParameterError: If a value is out of range, ``network`` is given together with ``hops`` or ``link_fidelity``, or
            ``state`` is given for another task.
        UnknownNameError: If there is no such task.

    Example:
        >>> resources = SwapTransport(hops=3).program(np.random.default_rng(0)).resources
        >>> resources["bell_pairs"], resources["transmissions"], resources["classical_bits"]
        (1, 2, 0)
    """

    name: ClassVar[str] = "swap-transport"
    stage: ClassVar[str] = "measuring"
    default_hops: ClassVar[int] = 3
    task: str = "bell"
    state: State | None = None

    def __post_init__(self) -> None:
        check_name("task", self.task, TASKS)
        if self.state is not None:
            if self.task != "state":
                raise ParameterError(
                    f"task {self.task!r} sends no state of its own: leave state out, or give task='state'"
                )
            object.__setattr__(self, "state", check_state(self.state))
        super().__post_init__()

    def _by_measurement(self) -> Protocol:
        """Return the protocol that does the same over the chain by measurement."""
        if self.task == "state":
            return Teleportation(state=self.state, network=self.chain)
        if self.task == "chsh":
            return Chsh(network=self.chain)
        return RepeaterChain(network=self.chain)

    def program(self, rng: np.random.Generator) -> Program:
        """Return a circuit for each setting of the task."""
        if self.task == "state":
            return state_program(self.chain, self.state, direct=True)
        make = chsh_program if self.task == "chsh" else bell_program
        return make(self.chain, carried_ends, messages=False, carrier="swap")

    def theory(self, noise: NoiseParameters) -> dict[str, float]:
        """Return the figures of the links' convolution."""
        return self._by_measurement().theory(noise)

    @property
    def bounds(self) -> dict[str, dict[str, float]]:
        """The bounds of the task, the same for every way of doing it."""
        return self._by_measurement().bounds
