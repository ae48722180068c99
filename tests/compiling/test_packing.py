"""As many places side by side as there can be, against every choice that there is."""

from itertools import combinations

import pytest

from qnet_circuits.compiling.packing import Spot, packed
from qnet_circuits.errors import LayoutError


def apart(chosen):
    qubits = [qubit for spot in chosen for qubit in spot.layout]
    return len(qubits) == len(set(qubits))


def most_of(spots):
    """Return the largest number of spots that share no qubit, by trying every choice."""
    return max(n for n in range(len(spots) + 1) if any(apart(some) for some in combinations(spots, n)))


@pytest.mark.parametrize("draw", range(8))
def test_no_choice_has_more_places(draw, rng):
    layouts = {tuple(sorted(rng.choice(9, 3, replace=False).tolist())) for _ in range(11)}
    spots = [Spot(layout, float(rng.random())) for layout in sorted(layouts)]
    good = {spot for spot in spots if rng.random() < 0.6}
    looked_at = []

    def holds(spot):
        looked_at.append(spot)
        return spot in good

    found = packed(spots, (), holds, None)
    assert found.proven and found.among == len(spots) and set(found.spots) <= good and apart(found.spots)
    assert len(found.spots) == most_of(sorted(good, key=spots.index))
    assert set(found.spots) <= set(looked_at)


LINE = [frozenset((k, k + 1)) for k in range(6)]
PAIRS = [Spot((k, k + 1), 0.1) for k in range(6)]


def test_places_that_do_not_touch_come_first_if_there_are_as_many():
    two = packed([*PAIRS[:-1], Spot((5, 6), 0.3)], LINE, lambda spot: True, 2)
    assert not any(
        len(edge & set(two.spots[0].layout)) == 1 == len(edge & set(two.spots[1].layout)) for edge in LINE
    )
    three = packed(PAIRS, LINE, lambda spot: True, None)
    assert len(three.spots) == 3 and apart(three.spots)


def test_of_as_many_the_least_loss_is_taken():
    spots = [Spot((0, 1), 0.5), Spot((1, 2), 0.1), Spot((2, 3), 0.6)]
    assert [spot.loss for spot in packed(spots, (), lambda spot: True, 1).spots] == [0.1]
    assert [spot.loss for spot in packed(spots, (), lambda spot: True, None).spots] == [0.5, 0.6]


def test_more_than_fit_are_refused_with_the_number_that_does():
    with pytest.raises(LayoutError, match=r"\b2 do\b"):
        packed(PAIRS[:4], LINE, lambda spot: True, 3)
    assert packed(PAIRS, LINE, lambda spot: False, None).spots == ()
