"""A chain of repeaters in SeQUeNCe 0.8.5, by its fastest means that know attempts, waiting memories and messages.

The formalism is the Bell-diagonal one, the only one whose memories decohere, with single-heralded links. Protocols are paired
directly on plain nodes, without reservations and rules. Release 0.8.5 cannot swap Bell-diagonal pairs: its swap waits for the
result of a circuit, which this formalism does not run. So ``Swap`` computes the pair that is left.

Links come in a power of two. A station swaps when both of its segments are there and known to it; a round ends when both end
nodes have heard of the last swap, and the next round begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from sequence.components.memory import Memory
from sequence.components.optical_channel import ClassicalChannel, QuantumChannel
from sequence.constants import BELL_DIAGONAL_STATE_FORMALISM, SECOND, SINGLE_HERALDED, SPEED_OF_LIGHT
from sequence.entanglement_management.generation import EntanglementGenerationB
from sequence.entanglement_management.generation.single_heralded import SingleHeraldedA
from sequence.entanglement_management.swapping import (
    EntanglementSwappingA,
    EntanglementSwappingB,
    EntanglementSwappingMessage,
    SwappingMsgType,
)
from sequence.kernel.timeline import Timeline
from sequence.topology.node import BSMNode, Node

#: The order I, Z, X, Y of its states is that of two bits, which add up.
_PRODUCT = np.array([[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]])


@dataclass(frozen=True)
class Chain:
    """Equal links, and memories that dephase.

    Args:
        links: Number of links, a power of two.
        link_km: Length of each link in km.
        fidelity: Fidelity of a pair when its photons are sent; a Werner pair.
        efficiency: Probability that a memory sends a photon into the fibre.
        attenuation_db_per_km: Loss of the fibre.
        memory_t2: T2 of all memories in seconds.
    """

    links: int
    link_km: float
    fidelity: float
    efficiency: float
    attenuation_db_per_km: float
    memory_t2: float


class Swap(EntanglementSwappingA):
    """SeQUeNCe's swap, with Bell-diagonal pairs."""

    def start(self) -> None:
        manager, clock = self.owner.timeline.quantum_manager, self.owner.timeline
        for memory in self.memories:
            memory.bds_decohere()
        left, right = (manager.get(memory.qstate_key).state for memory in self.memories)
        state = np.asarray(right)[_PRODUCT] @ left
        ends = [(self.left_node, self.left_remote_memo), (self.right_node, self.right_remote_memo)]
        manager.set([clock.get_entity_by_name(memory).qstate_key for _, memory in ends], state)
        told = (self.left_protocol_name, self.right_protocol_name)
        for (node, _), protocol, (other, memory) in zip(ends, told, reversed(ends), strict=True):
            message = EntanglementSwappingMessage(
                SwappingMsgType.SWAP_RES, protocol, fidelity=state[0], remote_node=other,
                remote_memo=memory, expire_time=float("inf"), meas_res=[],
            )  # fmt: skip
            self.owner.send_message(node, message)


class Repeater(Node):
    """A node whose memories send into its fibres, and whose protocols report to the chain."""

    def get(self, photon: Any, **where: Any) -> None:
        self.send_qubit(where["dst"], photon)


class Rounds:
    """The chain, which begins links, pairs protocols, and notes what was delivered."""

    def __init__(self, chain: Chain, seed: int) -> None:
        self.chain = chain
        self.clock = Timeline(formalism=BELL_DIAGONAL_STATE_FORMALISM)
        EntanglementGenerationB.set_global_type(SINGLE_HERALDED)
        self.nodes = [Repeater(f"n{k}", self.clock, seed + k) for k in range(chain.links + 1)]
        self.memories: dict[tuple[int, int], Any] = {}
        for node in self.nodes:
            node.resource_manager = self
        for (a, one), (b, other) in permutations(enumerate(self.nodes), 2):
            self.connect(one, other, chain.link_km * abs(a - b))
        for link in range(chain.links):
            self.add_link(link, seed + chain.links + 1 + link)
        self.clock.init()

    def connect(self, sender: Any, receiver: Any, km: float) -> None:
        """Let messages pass from one node to another."""
        channel = ClassicalChannel(
            f"c.{sender.name}.{receiver.name}", self.clock, 0, 1e3 * km / SPEED_OF_LIGHT
        )
        channel.set_ends(sender, receiver.name)

    def add_link(self, link: int, seed: int) -> None:
        """Add the station in the middle, the fibres to it, and the memories at both ends."""
        chain, ends = self.chain, (self.nodes[link], self.nodes[link + 1])
        parts = {
            "encoding_type": SINGLE_HERALDED,
            "SingleHeraldedBSM": {"detectors": [{"efficiency": 1.0}] * 2},
        }
        middle = BSMNode(f"b{link}", self.clock, [end.name for end in ends], seed, parts)
        for place, end in enumerate(ends):
            fibre = QuantumChannel(
                f"q.{link}.{place}", self.clock, chain.attenuation_db_per_km / 1e3, 500 * chain.link_km, frequency=SECOND
            )  # fmt: skip
            fibre.set_ends(end, middle.name)
            self.connect(middle, end, chain.link_km / 2)
            self.connect(end, middle, chain.link_km / 2)
            # An error Z at the rate 1/τ takes 2/τ from coherence.
            memory = Memory(
                f"m.{link}.{place}", self.clock, chain.fidelity, 0, chain.efficiency, 2 * chain.memory_t2, 1550,
                decoherence_errors=[0.0, 0.0, 1.0], cutoff_flag=False,
            )  # fmt: skip
            memory.owner = end
            memory.add_receiver(end)
            self.memories[link, place] = memory

    def begin_round(self) -> None:
        # An end of a swap sets its memory to expire at infinity, an event that would slow all others down.
        self.clock.events.data.clear()
        self.begun = self.clock.now()
        for memory in self.memories.values():
            memory.reset()
        for link in range(self.chain.links):
            self.attempt(link)

    def attempt(self, link: int) -> None:
        """Pair two protocols for one attempt, and start them."""
        ends = (self.nodes[link], self.nodes[link + 1])
        pair = [
            SingleHeraldedA(
                end, f"g.{link}.{place}", f"b{link}", ends[1 - place].name, self.memories[link, place]
            )
            for place, end in enumerate(ends)
        ]
        self.running[link] = 2
        for place, protocol in enumerate(pair):
            ends[place].protocols.append(protocol)
            protocol.set_others(
                pair[1 - place].name, ends[1 - place].name, [self.memories[link, 1 - place].name]
            )
        for protocol in pair:
            protocol.start()

    def update(self, protocol: Any, memory: Any, state: str) -> None:
        """Take the report of a protocol that has ended at a node."""
        protocol.owner.protocols.remove(protocol)
        link, place = (int(part) for part in memory.name.split(".")[1:])
        if isinstance(protocol, EntanglementSwappingB):
            self.heard(link + place)
            return
        # Both ends of a link know at one time, one after the other.
        self.running[link] -= 1
        if self.running[link] == 0 and state == "RAW":
            self.attempt(link)
        elif self.running[link] == 0:
            self.heard(link)
            self.heard(link + 1)

    def heard(self, node: int) -> None:
        """Go on at a node that has got to know of a pair."""
        if not 0 < node < self.chain.links:
            self.deliver()
            return
        half = node & -node
        left, right = self.memories[node - 1, 1], self.memories[node, 0]
        if (left.entangled_memory["node_id"], right.entangled_memory["node_id"]) != (
            f"n{node - half}",
            f"n{node + half}",
        ):
            return
        swap = Swap(self.nodes[node], f"s.{node}", left, right)
        for end, memory in ((node - half, left), (node + half, right)):
            hold = self.clock.get_entity_by_name(memory.entangled_memory["memo_id"])
            other = EntanglementSwappingB(self.nodes[end], f"s.{node}.{end}", hold)
            self.nodes[end].protocols.append(other)
            other.set_others(swap.name, self.nodes[node].name, [])
            swap.set_others(other.name, self.nodes[end].name, [])
        swap.start()

    def deliver(self) -> None:
        """Note the pair of the end nodes if both know of it, and begin the next round."""
        last = self.chain.links
        ends = self.memories[0, 0], self.memories[last - 1, 1]
        if [end.entangled_memory["node_id"] for end in ends] != [f"n{last}", "n0"]:
            return
        for end in ends:
            end.bds_decohere()
        self.delivered.append(((self.clock.now() - self.begun) / SECOND, ends[0].get_bds_fidelity()))
        if len(self.delivered) == self.rounds:
            self.clock.stop()
        else:
            self.begin_round()

    def run(self, rounds: int) -> list[tuple[float, float]]:
        """Return for each round when both end nodes knew, in seconds, and the fidelity of their pair."""
        self.rounds, self.delivered, self.running = rounds, [], {}
        self.begin_round()
        self.clock.run()
        return self.delivered


def simulate(chain: Chain, rounds: int, seed: int) -> list[tuple[float, float]]:
    """Return for each round when both end nodes knew, in seconds, and the fidelity of their pair."""
    return Rounds(chain, seed).run(rounds)
