"""What a session counts of decoy states, and what the counts leave to the key."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.theory.decoy import DecoyBound, DecoyCounts, Decoys, decoy_bound


def counted(
    levels: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    compared: NDArray[np.bool_],
    errors: NDArray[np.uint8],
) -> DecoyCounts:
    """Return the counts of each intensity, which both parties know once Alice has named the intensities.

    Args:
        levels: Intensities of the test bits, and of the bits of the key.
        compared: Which of the test bits are of the basis that bounds the phase errors.
        errors: Which of the test bits differ.

    Example:
        >>> levels = np.array([0, 0, 1], np.uint8), np.array([0, 2], np.uint8)
        >>> counted(levels, np.array([True, True, False]), np.array([0, 1, 1], np.uint8))
        DecoyCounts(key=(1, 0, 1), test=(2, 0, 0), wrong=(1, 0, 0))
    """
    test, key = levels
    rows = key, test[compared], test[compared & errors.astype(bool)]
    return DecoyCounts(*map(tallied, rows))


def tallied(levels: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Return how many of some pulses have each intensity.

    Example:
        >>> tallied(np.array([0, 0, 2], np.uint8))
        (2, 0, 1)
    """
    first, second, third = np.bincount(levels, minlength=3).tolist()
    return first, second, third


def proven(decoys: Decoys, counts: DecoyCounts, epsilon: float, chance: float = 1.0) -> DecoyBound:
    """Return what the counts of a session prove of the bits of its key.

    The counts decide how long the key is, whatever they are. Keys of variable length from decoy states are proven secret by
    Tupkary, Nahar, Sinha and Lütkenhaus, arXiv:2408.17349.

    Args:
        decoys: The source.
        counts: The counts.
        epsilon: ε_sec.
        chance: √(p_z p_x) if counts of Alice's ones were on record, as for ``sampling_deviation``.

    Raises:
        Refusal: If they leave no bit to single photons.

    Example:
        >>> proven(Decoys(), DecoyCounts((900, 9, 0), (900, 9, 0), (0, 0, 0)), 1e-10)
        Traceback (most recent call last):
            ...
        qnet_circuits.qkd.postprocessing.refusals.Refusal: decoys: the counts of the intensities, 900, 9, 0, leave none of 909
        key bits to single photons: there are too few pulses, or those of several photons arrive too often, as if photons were
        split off
    """
    bound = decoy_bound(decoys, counts, epsilon, chance)
    if bound.single < 1:
        listed = ", ".join(f"{each:.0f}" for each in counts.key)
        raise Refusal(
            "decoys",
            f"the counts of the intensities, {listed}, leave none of {counts.bits:.0f} key bits to single photons: there are "
            "too few pulses, or those of several photons arrive too often, as if photons were split off",
        )
    return bound


def spent_on(bound: DecoyBound, n: int) -> list[tuple[str, float]]:
    """Return what Eve may know of n bits before error correction, by its cause.

    Example:
        >>> [(cause, round(bits)) for cause, bits in spent_on(DecoyBound(0, 600, 0.11), 1000)]
        [('several photons', 400), ('phase errors', 300)]
    """
    photons = n - bound.vacuum - bound.single
    return [("several photons", photons), ("phase errors", n - photons - bound.secret)]
