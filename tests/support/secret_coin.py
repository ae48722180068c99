"""A protocol that makes a key of its run's secret randomness and may refuse it."""

import hashlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import qnet_circuits as qn
from qnet_circuits.programs.protocol import Analyzed
from qnet_circuits.qkd.postprocessing.keys import SecretKey


@dataclass(frozen=True)
class SecretCoin(qn.Protocol):
    """A coin whose outcomes are secret."""

    name: ClassVar[str] = "secret-coin"
    secret_outcomes: ClassVar[bool] = True
    refuse: bool = False

    def program(self, rng):
        circuit = QuantumCircuit(QuantumRegister(1, "alice"), ClassicalRegister(1, "out"))
        circuit.h(0)
        circuit.measure(0, 0)
        figure = qn.Figure("ones", qn.population("coin", [("out", 0)], ["1"]), ideal=0.5)
        return qn.Program([qn.Item("coin", circuit)], [figure])

    def analyze(self, outcomes, analysis):
        bits = outcomes["coin"]["out"][:, 0]
        heads = qn.Estimate(float(bits.mean()), 0.0, 1.0, analysis.level, "trivial", len(bits))
        key = (
            None
            if self.refuse
            else SecretKey(np.unpackbits(np.frombuffer(hashlib.sha256(analysis.root).digest(), np.uint8)))
        )
        reason = "rigged: the coin was told to refuse" if self.refuse else None
        return Analyzed(
            {"heads": heads},
            {"ledger": {"flips": len(bits)}, "demonstration": analysis.demonstration, "aborted": reason},
            ("a coin",),
            {"secret_key": key},
            reason,
        )
