"""Conditions on bits, read without the library's own code, and drawn at random."""

from qnet_circuits.programs.conditions import Condition


def meets(condition, bits):
    """Tell whether {(register, index): value} meets a condition."""
    seen = "".join(str(int(bits[bit])) for bit in condition.bits)
    return seen in condition.patterns if condition.patterns else seen.count("1") % 2 == 0


def random_condition(rng, bits, most=3):
    """Return an even parity, or patterns, of some of the bits."""
    chosen = [bits[k] for k in rng.permutation(len(bits))[: rng.integers(1, most + 1)]]
    every = [f"{k:0{len(chosen)}b}" for k in range(2 ** len(chosen))]
    patterns = [every[k] for k in rng.permutation(len(every))[: rng.integers(0, len(every))]]
    return Condition(tuple(chosen), tuple(patterns))
