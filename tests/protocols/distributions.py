"""What tests of key distribution share: a run's outcomes and their analysis."""

import hashlib

import qnet_circuits as qn
from qnet_circuits.programs.protocol import Analysis

#: Level at which a true value is missed once in a million tests.
LEVEL = 1 - 1e-6


def root(name="root"):
    return hashlib.sha256(name.encode()).digest()


def outcomes_of(protocol, seed=1, **options):
    return dict(qn.submit(protocol, "ideal", seed=seed, **options).outcomes(progress=False))


def analyzed(protocol, seed=1, secret=None, **options):
    """Run a protocol without device noise, and return its own analysis."""
    return protocol.analyze(outcomes_of(protocol, seed, **options), Analysis(LEVEL, secret or root(), False))


def reaches(estimate, value, width):
    """Tell whether an interval holds a value, and is narrow enough to be a test of it."""
    return value in estimate and estimate.high - estimate.low < width
