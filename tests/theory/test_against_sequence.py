"""Purification, swapping and memories against SeQUeNCe's own code, run on Bell-diagonal pairs.

SeQUeNCe writes a pair as its weights of I, Z, X and Y.
"""

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.repeaters.storage import memory_factors
from qnet_circuits.repeaters.times import Times
from qnet_circuits.theory.bell_diagonal import correlators, werner
from qnet_circuits.theory.distillation import bbpssw, dejmps, parity_check
from qnet_circuits.theory.swapping import chain_fidelity, chain_weights

from .states import NAMES, bell

pytest.importorskip("sequence", reason="SeQUeNCe is not installed; pip install --no-deps sequence==0.8.5")

from sequence.components.memory import Memory
from sequence.components.optical_channel import ClassicalChannel
from sequence.entanglement_management.purification import BBPSSW_BDS
from sequence.entanglement_management.swapping import EntanglementSwappingA, EntanglementSwappingB
from sequence.kernel.quantum_manager import QuantumManager
from sequence.kernel.timeline import Timeline
from sequence.topology.node import Node

NEAR = 1e-9


@pytest.fixture(autouse=True)
def _formalism():
    yield
    QuantumManager.clear_active_formalism()


def theirs(weights):
    """Return weights of (I, X, Y, Z) in SeQUeNCe's order."""
    return [weights[NAMES.index(name)] for name in "IZXY"]


def as_ours(state):
    return [state["IZXY".index(name)] for name in NAMES]


class Network:
    """Nodes in SeQUeNCe, and pairs of their memories."""

    def __init__(self, formalism, nodes, **node):
        self.clock = Timeline(formalism=formalism)
        self.nodes = {name: Node(name, self.clock, **node) for name in nodes}
        for one in self.nodes.values():
            one.resource_manager = self

    def pair(self, a, b, state, **memory):
        memories = []
        for place, name in enumerate((a, b)):
            label = f"{a}{b}.{place}.{len(self.clock.entities)}"
            one = Memory(label, self.clock, 0.9, 0, 1, wavelength=1550, coherence_time=-1, **memory)
            one.owner, one.fidelity = self.nodes[name], 0.9
            memories.append(one)
        for name, one, other in zip((b, a), memories, reversed(memories), strict=True):
            one.entangled_memory = {"node_id": name, "memo_id": other.name}
        self.clock.quantum_manager.set([one.qstate_key for one in memories], state)
        return memories

    def update(self, *report):
        """Take the place of the resource manager of all nodes."""


def purified(kept, spent, gate, readout, twirled):
    """Return the success probability and the pair that SeQUeNCe computes."""
    network = Network("bell_diagonal", "ab", gate_fid=gate, meas_fid=readout)
    (first, _), (second, _) = (network.pair("a", "b", state) for state in (kept, spent))
    protocol = BBPSSW_BDS(network.nodes["a"], "purification", first, second, is_twirled=twirled)
    protocol.set_others("purification", "b", [])
    return protocol.purification_res()


NOISE = [(1, 1), (0.98, 1), (1, 0.97), (0.95, 0.9)]


@pytest.mark.parametrize(("gate", "readout"), NOISE)
def test_bbpssw(gate, readout, rng):
    for fidelity in rng.uniform(0.5, 1, 5):
        success, pair = purified(theirs(werner(fidelity)), theirs(werner(fidelity)), gate, readout, True)
        assert (pair[0], success) == pytest.approx(bbpssw(fidelity, gate, readout), abs=NEAR)


@pytest.mark.parametrize(("gate", "readout"), NOISE)
def test_a_check_for_bit_errors(gate, readout, rng):
    for kept, spent in rng.dirichlet([6, 1, 2, 1], (5, 2)):
        success, pair = purified(theirs(kept), theirs(spent), gate, readout, False)
        ours = parity_check(kept, spent, gate, readout)
        assert [success, *as_ours(pair)] == pytest.approx([ours.success, *ours.weights], abs=NEAR)


@pytest.mark.parametrize(("gate", "readout"), NOISE)
def test_dejmps(gate, readout, rng):
    """SeQUeNCe leaves the turns to whoever prepares the pairs: they exchange Y and Z."""
    for kept, spent in rng.dirichlet([6, 1, 2, 1], (5, 2)):
        turned = [theirs(np.array(weights)[[0, 1, 3, 2]]) for weights in (kept, spent)]
        success, pair = purified(*turned, gate, readout, False)
        ours = dejmps(kept, spent, gate, readout)
        assert [success, *as_ours(pair)] == pytest.approx([ours.success, *ours.weights], abs=NEAR)


class Drawn:
    """A generator of the one number that decides the outcome of a measurement."""

    def __init__(self, number):
        self.random = lambda: number


def swapped(left, right, number):
    """Return the weights of the pair of a and c after SeQUeNCe's swap and corrections, and its rule for the fidelity."""
    bells = np.array([bell(name).reshape(4) for name in NAMES])
    network = Network("density_matrix", "abc")
    pairs = [
        network.pair(*ends, np.einsum("p,pi,pj->ij", weights, bells, bells.conj()))
        for ends, weights in (("ab", left), ("bc", right))
    ]
    station = network.nodes["b"]
    station.generator = Drawn(number)
    swap = EntanglementSwappingA(station, "swap", pairs[0][1], pairs[1][0], degradation=1)
    for name, memory in (("a", pairs[0][0]), ("c", pairs[1][1])):
        ClassicalChannel(f"to {name}", network.clock, 1000).set_ends(station, name)
        end = EntanglementSwappingB(network.nodes[name], f"end {name}", memory)
        network.nodes[name].protocols.append(end)
        end.set_others("swap", "b", [])
        swap.set_others(end.name, name, [])
    swap.start()
    network.clock.run()
    state = network.clock.quantum_manager.get(pairs[0][0].qstate_key)
    ends = [state.keys.index(one.qstate_key) for one in (pairs[0][0], pairs[1][1])]
    count = len(state.keys)
    order = ends + [k for k in range(count) if k not in ends]
    rho = np.reshape(state.state, (2,) * 2 * count).transpose(order + [count + k for k in order])
    rho = np.einsum("arbr->ab", rho.reshape(4, 2 ** (count - 2), 4, 2 ** (count - 2)))
    weights = np.einsum("pi,ij,pj->p", bells.conj(), rho, bells)
    return weights.real, swap.updated_fidelity(left[0], right[0])


@pytest.mark.parametrize("number", [0.1, 0.35, 0.6, 0.85])  # each is another outcome
def test_swapping(number, rng):
    for left, right in rng.dirichlet([6, 1, 2, 1], (3, 2)):
        assert swapped(left, right, number)[0] == pytest.approx(
            np.array(chain_weights([left, right])), abs=NEAR
        )
    found, _ = swapped(werner(0.9), werner(0.9), number)
    assert found[0] == pytest.approx(chain_fidelity(0.9, 2), abs=NEAR)


def test_the_rule_for_fidelities_is_that_of_errors_which_never_cancel():
    """SeQUeNCe tells nodes the product of both fidelities: what is left of a bit error and a phase error."""
    bit, phase = (0.9, 0.1, 0, 0), (0.8, 0, 0, 0.2)
    weights, told = swapped(bit, phase, 0.1)
    assert [told, weights[0]] == pytest.approx([chain_weights([bit, phase])[0]] * 2, abs=NEAR)
    assert swapped(werner(0.9), werner(0.9), 0.1)[1] < chain_fidelity(0.9, 2) - 1e-3


@pytest.mark.parametrize("errors", [(0.0, 0.0, 1.0), (1 / 3, 1 / 3, 1 / 3), (0.2, 0.2, 0.6)])
def test_memories(errors, rng):
    """Errors X and Y at the rate r each, and Z at the rate s, are T1 = 1/(4r) and T2 = 1/(2r + 2s)."""
    seconds, coherence, weights = 0.013, (0.05, 0.08), rng.dirichlet([6, 1, 2, 1])
    network = Network("bell_diagonal", "ab")
    pair = network.pair("a", "b", theirs(weights), decoherence_errors=list(errors))
    network.clock.time = 10**12 + round(seconds * 10**12)
    nodes = []
    for memory, lasts in zip(pair, coherence, strict=True):
        memory.decoherence_rate, memory.last_update_time = 1 / lasts, 10**12
        memory.bds_decohere()
        x, _, z = (error / lasts for error in errors)
        nodes.append(
            qn.Node(memory.owner.name, memory_t1=1 / (4 * x) if x else None, memory_t2=1 / (2 * (x + z)))
        )
    found = correlators(as_ours(network.clock.quantum_manager.get(pair[0].qstate_key).state))
    times = Times(np.zeros((1, 1)), np.zeros((1, 0)), np.array([seconds]))
    ours = qn.Network(nodes, [("a", "b", qn.Link(pauli=weights))])
    phases, bits = (float(factor[0]) for factor in memory_factors(ours, "ab", times, "stored"))
    start = correlators(weights)
    kept = {"xx": phases * start["xx"], "yy": phases * start["yy"], "zz": bits * start["zz"]}
    assert found == pytest.approx(kept, abs=NEAR)
