"""Recurrences of distillation: repeated rounds, their costs, and the fidelities that they reach."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from qnet_circuits.errors import check_count, check_name
from qnet_circuits.theory.bell_diagonal import Weights, check_weights, werner
from qnet_circuits.theory.distillation import Distilled, bbpssw, dejmps, double_selection, parity_check
from qnet_circuits.theory.distillation_codes import CODES, from_code

#: One round: what becomes of pairs with these weights.
Round = Callable[[Weights], Distilled]
#: How many pairs a round of each recurrence takes.
PAIRS = {"bbpssw": 2, "dejmps": 2, "double-selection": 3}
#: All schemes.
SCHEMES = (*PAIRS, "pumping", *CODES)
#: Changes of all weights below this are rounding.
_STILL = 1e-10
_MOST_ROUNDS = 20_000


def recurrence(scheme: str, gate: float = 1.0, readout: float = 1.0) -> Round:
    """Return a round of a recurrence, in which all pairs have the same weights.

    A recurrence joins pairs that have passed the round before, so their number falls by two, or by three in double
    selection, in each. BBPSSW makes the pairs Werner before and after; the others leave them as they are.

    Args:
        scheme: ``bbpssw``, ``dejmps`` or ``double-selection``.
        gate: Probability that a two-qubit gate is perfect, in [0, 1].
        readout: Probability that one qubit is read out right, in [0, 1].

    Returns:
        A function from weights to the result of one round.

    Raises:
        UnknownNameError: If there is no such recurrence.

    Example:
        >>> one = recurrence("bbpssw")
        >>> round(one(one(werner(0.75)).weights).weights[0], 5)
        0.82701
    """
    check_name("recurrence", scheme, PAIRS)
    if scheme == "bbpssw":
        return lambda weights: _twirled(bbpssw(weights[0], gate, readout))
    if scheme == "dejmps":
        return lambda weights: dejmps(weights, weights, gate, readout)
    return lambda weights: double_selection(weights, weights, weights, gate, readout)


def pairs_of(scheme: str) -> int:
    """Return how many pairs a round of a scheme, or a step of pumping, takes.

    Args:
        scheme: A name of ``SCHEMES``.

    Raises:
        UnknownNameError: If there is no such scheme.

    Example:
        >>> pairs_of("dejmps"), pairs_of("5-to-1")
        (2, 5)
    """
    check_name("distillation scheme", scheme, SCHEMES)
    return len(CODES[scheme].x) if scheme in CODES else PAIRS.get(scheme, 2)


def iterated(one: Round, weights: Sequence[float], rounds: int) -> list[Distilled]:
    """Return the kept pair after each of several rounds, each on pairs that have passed the round before.

    Args:
        one: The round.
        weights: Weights of the pairs at the start.
        rounds: How many rounds, at least 1.

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> [round(each.weights[0], 5) for each in iterated(recurrence("dejmps"), werner(0.9), 3)]
        [0.9264, 0.98876, 0.99907]
    """
    made: list[Distilled] = []
    now = check_weights(weights)
    for _ in range(check_count("rounds", rounds)):
        made.append(one(now))
        now = made[-1].weights
    return made


def pumping(weights: Sequence[float], steps: int, gate: float = 1.0, readout: float = 1.0) -> list[Distilled]:
    """Return the kept pair after each step of entanglement pumping: DEJMPS with a fresh pair each time.

    One stored pair and one fresh pair are enough for any number of steps, but the fidelity saturates below 1, where the fresh
    pair puts in as many errors as it finds (Dür, Briegel, Cirac, Zoller, quant-ph/9808065).

    Args:
        weights: Weights of every fresh pair, the first one too.
        steps: How many steps, at least 1.
        gate: Probability that a two-qubit gate is perfect, in [0, 1].
        readout: Probability that one qubit is read out right, in [0, 1].

    Raises:
        ParameterError: If a value is out of range.

    Example:
        >>> [round(each.weights[0], 4) for each in pumping(werner(0.9), 4)]
        [0.9264, 0.9565, 0.9587, 0.96]
    """
    fresh = check_weights(weights)
    return iterated(lambda stored: dejmps(stored, fresh, gate, readout), fresh, steps)


def raw_pairs(made: Sequence[Distilled], pairs: int = 2, pumped: bool = False) -> float:
    """Return the mean number of raw pairs that one pair costs after several rounds, where failures begin anew.

    In a recurrence a round takes ``pairs`` pairs of the round before, so E_r = pairs · E_(r-1)/p_r. In pumping it takes the
    stored pair and fresh ones, so E_r = (E_(r-1) + pairs - 1)/p_r.

    Args:
        made: What each round makes.
        pairs: How many pairs a round takes, at least 2.
        pumped: Whether all of these but one are fresh.

    Raises:
        ParameterError: If ``pairs`` is below 2.

    Example:
        >>> round(raw_pairs(iterated(recurrence("dejmps"), werner(0.9), 2)), 2)
        5.26
    """
    pairs = check_count("pairs", pairs, 2)
    cost = 1.0
    for each in made:
        cost = (cost + pairs - 1 if pumped else cost * pairs) / each.success
    return cost


def at_once(made: Sequence[Distilled], pairs: int = 2, pumped: bool = False) -> float:
    """Return the probability that all results of several rounds agree, where all pairs are made once and none again.

    In a recurrence of R rounds round r is done pairs^(R - r) times; in pumping each step is done once.

    Args:
        made: What each round makes.
        pairs: How many pairs a round takes, at least 2.
        pumped: Whether all of these but one are fresh.

    Raises:
        ParameterError: If ``pairs`` is below 2.

    Example:
        >>> once, twice = iterated(recurrence("dejmps"), werner(0.9), 2)
        >>> at_once([once, twice]) == once.success**2 * twice.success
        True
    """
    times = 1 if pumped else check_count("pairs", pairs, 2)
    return float(math.prod(each.success**times**k for k, each in enumerate(reversed(made))))


def distilled(scheme: str, raw: Sequence[float], rounds: int = 1) -> Distilled:
    """Return the result of a scheme on equal raw pairs that are made once, if all results agree.

    BBPSSW is without its twirl here, which changes nothing on Werner pairs.

    Args:
        scheme: ``bbpssw``, ``dejmps``, ``double-selection``, ``pumping``, or a code, ``2-to-1`` to ``5-to-1``.
        raw: Weights of each raw pair.
        rounds: Rounds of DEJMPS and double selection, or steps of pumping.

    Returns:
        The weights of the pair that is kept, and the probability of that.

    Raises:
        ParameterError: If a value is out of range.
        UnknownNameError: If there is no such scheme.

    Example:
        >>> made = distilled("dejmps", werner(0.9), 2)
        >>> round(made.weights[0], 5), round(made.success, 5)
        (0.98876, 0.66538)
    """
    pairs = pairs_of(scheme)
    if scheme in CODES:
        return from_code(CODES[scheme], [raw] * pairs)
    if scheme == "bbpssw":
        return parity_check(raw, raw)
    pumped = scheme == "pumping"
    made = pumping(raw, rounds) if pumped else iterated(recurrence(scheme), raw, rounds)
    return Distilled(made[-1].weights, at_once(made, pairs, pumped))


def fixed_points(one: Round) -> tuple[float, float] | None:
    """Return the fidelity that a recurrence needs, and the one that it reaches in many rounds; None if it gains nothing.

    With noisy gates a round brings errors of its own. Werner pairs above the lower fixed point rise to the upper one, and those
    below fall. Beyond a threshold of noise the two meet, and no pair can be kept good.

    Args:
        one: The round.

    Returns:
        The two fidelities, to about 1e-7.

    Example:
        >>> noisy = recurrence("dejmps", gate=0.99, readout=0.99)
        >>> [round(fidelity, 4) for fidelity in fixed_points(noisy)]
        [0.5275, 0.986]
        >>> fixed_points(recurrence("dejmps", gate=0.94, readout=0.94)) is None
        True
    """
    highest = _limit(one, (1.0, 0.0, 0.0, 0.0))
    if highest <= 0.5:
        return None
    falls, rises = 0.25, highest
    while rises - falls > 1e-7:
        middle = (falls + rises) / 2
        if _limit(one, werner(middle)) > 0.5:
            rises = middle
        else:
            falls = middle
    return rises, highest


def _limit(one: Round, weights: Weights) -> float:
    """Return the fidelity that many rounds come to; 0 as soon as a pair is no longer entangled, for then it never rises."""
    for _ in range(_MOST_ROUNDS):
        before, weights = weights, one(weights).weights
        if max(weights) <= 0.5:
            return 0.0
        if max(abs(a - b) for a, b in zip(before, weights, strict=True)) < _STILL:
            break
    return weights[0]


def _twirled(made: tuple[float, float]) -> Distilled:
    return Distilled(werner(made[0]), made[1])
