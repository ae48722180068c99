"""A protocol that other processes can import, and whose circuits may change from one day to the next."""

from dataclasses import dataclass

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn


@dataclass(frozen=True)
class SweptCoin(qn.Protocol):
    """A coin, turned by an angle, or lost where it has none.

    Args:
        angle: The angle.
    """

    name = "swept-coin"
    angle: float = 0.5
    #: What the protocol's author changes.
    turned = False

    def program(self, rng):
        circuit = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(1, "out"))
        circuit.ry(self.angle, 0)
        if self.turned:
            circuit.x(0)
        circuit.measure(0, 0)
        return qn.Program([qn.Item("coin", circuit)], [qn.Figure("ones", qn.parity("coin", [("out", 0)]))])


@dataclass(frozen=True)
class Forgetful(SweptCoin):
    """One whose parameters do not make it again."""

    name = "forgetful-coin"

    @property
    def parameters(self):
        return {"angle": self.angle / 2}
