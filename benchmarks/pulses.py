"""A million noisy BB84 pulses to a finite key in one run, against a hand-written script that only sifts them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit, transpile

import qnet_circuits as qn
from benchmarks.measuring import Row, best, in_turns

PULSES = 1_000_000
DEVICE = "aer:fake_boston"


def run_to_key(seed: int, pulses: int = PULSES) -> Any:
    """Everything from the protocol to the key: circuits, noise, sampling, order, sifting, Cascade, hashing, tags."""
    return qn.run(qn.BB84(pulses=pulses), DEVICE, seed=seed, progress=False)


def by_hand(
    seed: int, pulses: int = PULSES, fake: str = "FakeBoston"
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """What tutorials do, grouped by setting so that it ends: eight circuits on Aer, and the sifted bits of both."""
    from qiskit_aer import AerSimulator
    from qiskit_ibm_runtime import fake_provider

    simulator = AerSimulator.from_backend(getattr(fake_provider, fake)())
    settings = [(alice, bit, bob) for alice in (0, 1) for bit in (0, 1) for bob in (0, 1)]
    counts = np.random.default_rng(seed).multinomial(pulses, [1 / len(settings)] * len(settings))
    circuits = [_circuit(*setting) for setting in settings]
    made = transpile(circuits, simulator, initial_layout=[0], optimization_level=0, seed_transpiler=seed)
    # One call for all: the noise model of the whole chip costs seconds in each. What a setting has too many is cut off.
    result = simulator.run(made, shots=int(counts.max()), memory=True, seed_simulator=seed).result()
    sifted_alice, sifted_bob = [], []
    for k, (alice, bit, bob) in enumerate(settings):
        if alice == bob:
            seen = np.array([int(text) for text in result.get_memory(k)[: counts[k]]], np.uint8)
            sifted_bob.append(seen)
            sifted_alice.append(np.full(len(seen), bit, np.uint8))
    return np.concatenate(sifted_alice), np.concatenate(sifted_bob)


def _circuit(alice: int, bit: int, bob: int) -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    if bit:
        circuit.x(0)
    if alice:
        circuit.h(0)
    circuit.barrier()
    if bob:
        circuit.h(0)
    circuit.measure(0, 0)
    return circuit


def rows(repeats: int = 4) -> list[Row]:
    tasks: dict[str, Callable[[int], Any]] = {"key": run_to_key, "by hand": by_hand}
    in_turns(tasks, 1)
    found = in_turns(tasks, min(repeats, 2), first=1)
    result, (alice, bob) = found["key"][0].answer, found["by hand"][0].answer
    mine, theirs = best(found["key"]), best(found["by hand"])
    bits = f"QBER {result.qber.value:.3%}, {result.key_length.value:,.0f} bits of key"
    sifted = f"{theirs:.1f} s for {len(alice):,} sifted bits alone, QBER {np.mean(alice != bob):.3%}"
    return [
        Row(f"BB84, {PULSES:,} noisy pulses to a key, over a script that sifts", theirs / mine, "x", None, sifted),
        Row(f"BB84, {PULSES:,} noisy pulses to a key", mine, "s", None, bits),
    ]  # fmt: skip
