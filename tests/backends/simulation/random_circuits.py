"""Random noisy circuits with every kind of step, measurements and decisions in branches included."""

from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit.classical import expr

from qnet_circuits.backends.simulation.twin import Twin
from qnet_circuits.devices.repaired import Usable
from tests.devices.calibrations import rough

BITS = 4
CLIFFORD = ("h", "s", "sdg", "sx", "x", "y", "z")
OTHERS = ("t", "tdg")


def random_condition(rng, circuit):
    """Return a condition of any kind on the register ``m``."""
    register = circuit.cregs[0]
    a, b = (register[k] for k in rng.permutation(BITS)[:2])
    return [
        (a, bool(rng.integers(2))),
        (register, int(rng.integers(2**BITS))),
        expr.bit_xor(a, b),
        expr.logic_not(expr.bit_or(a, b)),
        expr.less(register, int(rng.integers(1, 2**BITS))),
        expr.logic_and(a, expr.logic_not(b)),
    ][rng.integers(6)]


def _gates(rng, circuit, wires, clifford, count):
    names = CLIFFORD if clifford else CLIFFORD + OTHERS
    for _ in range(count):
        wire = int(wires[rng.integers(len(wires))])
        if rng.random() < 0.35 and len(wires) > 1:
            pair = [int(k) for k in rng.permutation(wires)[:2]]
            circuit.cx(*pair) if rng.random() < 0.5 else circuit.cz(*pair)
        elif not clifford and rng.random() < 0.4:
            circuit.ry(float(rng.uniform(0.3, 2.8)), wire)
        else:
            getattr(circuit, str(rng.choice(names)))(wire)


def _branch(rng, circuit, wires, clifford, depth):
    _gates(rng, circuit, wires, clifford, 2)
    kind = rng.random()
    if kind < 0.35:
        circuit.measure(int(rng.choice(wires)), int(rng.integers(BITS)))
    elif kind < 0.5:
        circuit.reset(int(rng.choice(wires)))
    elif kind < 0.7 and depth:
        _decide(rng, circuit, wires, clifford, depth - 1)
    _gates(rng, circuit, wires, clifford, 1)


def _decide(rng, circuit, wires, clifford, depth=1):
    kind = rng.random()
    if kind < 0.25:
        with circuit.switch(circuit.cregs[0]) as case:
            with case(0, 3):
                _branch(rng, circuit, wires, clifford, 0)
            with case(case.DEFAULT):
                _branch(rng, circuit, wires, clifford, 0)
        return
    with circuit.if_test(random_condition(rng, circuit)) as otherwise:
        _branch(rng, circuit, wires, clifford, depth)
    if kind < 0.6:
        with otherwise:
            _branch(rng, circuit, wires, clifford, depth)


def random_circuit(rng, wires=3, length=7, clifford=False, static=False):
    """Return a random circuit: register ``m`` of 4 bits, written anywhere, and ``out`` of all wires at the end."""
    circuit = QuantumCircuit(wires)
    circuit.add_register(ClassicalRegister(BITS, "m"), ClassicalRegister(wires, "out"))
    every = list(range(wires))
    for _ in range(length):
        kind = rng.random()
        if static or kind < 0.35:
            _gates(rng, circuit, every, clifford, 2)
            if static and rng.random() < 0.3:
                circuit.reset(int(rng.integers(wires)))
        elif kind < 0.6:
            circuit.measure(int(rng.integers(wires)), int(rng.integers(BITS)))
        elif kind < 0.7:
            circuit.reset(int(rng.integers(wires)))
        else:
            some = every if rng.random() < 0.5 else [int(k) for k in rng.permutation(every)[:2]]
            _decide(rng, circuit, some, clifford)
    circuit.measure(every, [BITS + k for k in every])
    return circuit


def random_noisy(rng, device=True, noise=None, **options):
    """Return a random circuit with the noise of a rough device, or with none."""
    circuit = random_circuit(rng, **options)
    if not device:
        return Twin().noisy(circuit)
    usable = Usable(rough(rng, max(3, circuit.num_qubits), variant=bool(rng.integers(2))))
    return Twin(usable, noise).noisy(circuit, range(circuit.num_qubits))
