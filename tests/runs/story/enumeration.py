"""What each node knows in a shot, and what can be said of qubits, enumerated by hand.

Who knows what is read off the program's own circuit, its corrections and the schedule. States are density matrices of every
branch. Nothing is shared with the package's stories but the schedule, the steps of the twin, and the recorded bits.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from qnet_circuits.backends.simulation.steps import Decision, Measurement
from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.devices.repaired import Usable
from qnet_circuits.devices.schedule import schedule
from tests.backends.simulation.density import State, block_of, unchanged

SAME = 1e-12


def name_of(circuit, bit):
    """Return register[index] of a bit."""
    (register, index), *_ = circuit.find_bit(bit).registers
    return f"{register.name}[{index}]"


def nominal(position, instruction, wires):
    """Return the durations that stories without a device state in their notes."""
    return 1e-6 if instruction.name in ("measure", "reset") else 50e-9 if len(wires) == 1 else 100e-9


@dataclass
class Enumeration:
    """One compiled circuit whose bits are written once and whose qubits stay where they are."""

    source: object
    item: object
    device: object
    noise: object
    announced: object = ()

    def __post_init__(self):
        circuit, qubits = self.item.circuit, self.item.qubits
        if self.device is None:
            self.timed = schedule(circuit, nominal, self.noise.feedforward_latency, 0.0)
            twin, clock = Twin(None, self.noise), nominal
        else:
            twin, clock = Twin(Usable(self.device.calibration), self.noise), None
            self.timed = twin.timed(circuit, qubits)
        _, self.steps = twin.played(circuit, qubits, self.item.lowered.link_noise, clock)
        names = [name_of(self.source, qubit) for qubit in self.source.qubits]
        begins = self.item.layout or range(len(names))
        place = {physical: k for k, physical in enumerate(self.item.qubits)} if self.item.layout else None
        self.wire = {name: place[at] if place else at for name, at in zip(names, begins, strict=True)}
        self.bits = {name_of(circuit, bit): k for k, bit in enumerate(circuit.clbits)}

    def node_of_bit(self):
        """Return the node that measures each bit, by the program's own circuit."""
        return {
            name_of(self.source, each.clbits[0]): self.source.find_bit(each.qubits[0]).registers[0][0].name
            for each in self.source.data
            if each.name == "measure"
        }

    def measured_at(self):
        """Return when the measurement of each bit ends."""
        number = {k: name for name, k in self.bits.items()}
        return {number[each.bits[0]]: each.end for each in self.timed if each.name == "measure"}

    def known(self, time):
        """Return by node the names of the bits that are known at a time: its own, and those that were sent early enough."""
        owner, ends, latency = self.node_of_bit(), self.measured_at(), self.noise.feedforward_latency
        found = {register.name: set() for register in self.source.qregs}
        for bit, end in ends.items():
            if end <= time + SAME:
                found[owner[bit]].add(bit)
        for each in self.source.data if self.item.lowered.mode != "none" else ():
            if each.name == "correct":
                target = self.source.find_bit(each.qubits[0]).registers[0][0].name
                for bit in map(lambda bit: name_of(self.source, bit), each.clbits):
                    if owner[bit] == target or ends[bit] + latency <= time + SAME:
                        found[target] |= {bit} if ends[bit] <= time + SAME else set()
        everyone = {bit for bit, end in ends.items() if end <= time + SAME}
        return {**found, "everyone": everyone}

    def heard(self, time, parities):
        """Return by node the bits that were announced to it before a time.

        Whoever announces has done everything, has heard what was announced to it before, and has every bit of the parity.
        """
        owner, ends, latency = self.node_of_bit(), self.measured_at(), self.noise.feedforward_latency
        ready = {register.name: 0.0 for register in self.source.qregs}
        node = {wire: name.split("[")[0] for name, wire in self.wire.items()}
        for each in self.timed:
            for qubit in each.instruction.qubits if each.name not in ("barrier", "delay") else ():
                at = node[self.item.circuit.find_bit(qubit).index]
                ready[at] = max(ready[at], each.end)
        found = {name: set() for name in ready}
        for said in self.announced:
            names = {f"{register}[{index}]" for register, index in said.results}
            own = [bit for name in names if owner[name] == said.source for bit in parities[name]]
            sent = max([ready[said.source], *(ends[b] + latency * (owner[b] != said.source) for b in own)])
            ready[said.target] = max(ready[said.target], sent + latency)
            found[said.target] |= names if sent + latency <= time + SAME else set()
        return found

    def branches(self, time):
        """Return {values of all bits, None before they are measured: density matrix} at a time."""
        number = {bit: k for k, bit in enumerate(self.item.circuit.clbits)}
        state = State.nothing()
        for wire in range(self.item.circuit.num_qubits):
            state = state.opened(wire)
        found, waiting = {(None,) * len(number): state}, list(self.steps)
        done = [step for step in self._complete(waiting, time)]
        for step in done:
            found = _after(step, found, number)
        return found

    def _complete(self, steps, time):
        """Yield the steps that are complete; whatever shares a wire or a bit with one that is not waits for it."""
        busy = set()
        for complete, step in steps:
            own = {("wire", wire) for wire in step.wires}
            own |= {("bit", bit) for bit in getattr(step, "bits", ())}
            own |= {("bit", step.bit)} if isinstance(step, Measurement) else set()
            if complete <= time + SAME / 10 and not own & busy:
                yield step
            else:
                busy |= own

    def bloch(self, qubit, known, values, branches, heard=()):
        """Return the Bloch vector of a qubit, given the values of known bits and of parities, and their probability."""
        total = 0
        for bits, state in branches.items():
            agrees = all(sum(bits[self.bits[name]] for name in parity) % 2 == odd for parity, odd in heard)
            if agrees and all(bits[self.bits[name]] in (None, values[name]) for name in known):
                total = total + _reduced(state, self.wire[qubit])
        weight = np.trace(total).real
        x, y, z = 2 * total[1, 0].real, 2 * total[1, 0].imag, (total[0, 0] - total[1, 1]).real
        return np.array([x, y, z]) / weight, weight


def parities_of(raw, outcomes):
    """Return for each bit of the program the smallest set of raw bits, itself among them, whose parity it is in all shots."""
    columns = {f"{register}[{k}]": bits[:, k] for register, bits in raw.items() for k in range(bits.shape[1])}
    found = {}
    for register, bits in outcomes.items():
        for name in (f"{register}[{k}]" for k in range(bits.shape[1])):
            others = [each for each in columns if each != name]
            sets = ({name, *more} for size in range(len(others) + 1) for more in combinations(others, size))
            column = bits[:, int(name.split("[")[1][:-1])]
            found[name] = next(
                each
                for each in sets
                if (np.logical_xor.reduce([columns[part] for part in each]) == column).all()
            )
    return found


def _reduced(state, wire):
    for other in [each for each in state.wires if each != wire]:
        state = state.forget(other)
    return state.tensor


def _after(step, branches, number):
    found = {}
    for bits, state in branches.items():
        for after, other in _outcomes(step, bits, state, number):
            found[after] = found[after] + other if after in found else other
    return found


def _outcomes(step, bits, state, number):
    if isinstance(step, Measurement):
        for read in (0, 1):
            zero, one = (step.p10, 1 - step.p01) if read else (1 - step.p10, step.p01)
            operators = [np.sqrt(zero) * np.diag([1, 0]), np.sqrt(one) * np.diag([0, 1])]
            yield (*bits[: step.bit], read, *bits[step.bit + 1 :]), state.channel(operators, (step.wire,))
    elif isinstance(step, Decision):
        for inner in block_of(step, lambda bit: bits[number[bit]] or 0):
            state = unchanged(inner, state)
        yield bits, state
    else:
        yield bits, unchanged(step, state)
