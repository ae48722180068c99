"""Records of two parties over a channel with errors, made in a line; and what they hold."""

import numpy as np

from qnet_circuits.qkd.postprocessing.sifting import PartyRecord


def records(rng, rounds, qber=0.01, *, bases=2, loss=0.0, by_basis=None):
    """Return Alice's and Bob's record; where their bases differ, Bob's bit is random."""
    alice, bob = rng.integers(0, bases, (2, rounds), np.uint8)
    bits = rng.integers(0, 2, rounds, np.uint8)
    rates = np.full(bases, qber) if by_basis is None else np.asarray(by_basis)
    wrong = np.where(alice == bob, rng.random(rounds) < rates[alice], rng.random(rounds) < 0.5)
    return PartyRecord(alice, bits), PartyRecord(bob, bits ^ wrong, rng.random(rounds) >= loss)


def held(pool):
    """Return all bytes that a pool holds, used ones and unused ones."""
    return b"".join(bytes(value) for value in vars(pool).values() if isinstance(value, bytes | bytearray))


def intercepted(rng, rounds, fraction, bases=2):
    """Return the records where Eve measured a fraction of the qubits in a random basis and sent on what she saw."""
    alice, bob, eve = rng.integers(0, bases, (3, rounds), np.uint8)
    bits = rng.integers(0, 2, rounds, np.uint8)
    seen = np.where(eve == alice, bits, rng.integers(0, 2, rounds, np.uint8))
    touched = rng.random(rounds) < fraction
    sent_basis, sent = np.where(touched, eve, alice), np.where(touched, seen, bits)
    received = np.where(bob == sent_basis, sent, rng.integers(0, 2, rounds, np.uint8))
    return PartyRecord(alice, bits), PartyRecord(bob, received.astype(np.uint8))


def pulses(rng, rounds, *, decoys, transmittance=1.0, qber=0.0, split=False):
    """Return the records for pulses of a laser; who splits photons blocks single ones, and sends on the rest of others."""
    level = rng.choice(3, rounds, p=decoys.probabilities).astype(np.uint8)
    photons = rng.poisson(np.array(decoys.intensities)[level])
    seen = photons > 1 if split else rng.binomial(photons, transmittance) > 0
    alice, bob = records(rng, rounds, qber)
    return PartyRecord(alice.bases, alice.bits, None, level), PartyRecord(bob.bases, bob.bits, seen)
