"""Intervals of mitigated figures cover as often as they say, in readout circuits that are prepared with errors too."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import mitigated


@pytest.mark.one_in(2)
@pytest.mark.parametrize("case", list(mitigated.cases()), ids=lambda case: case.name)
def test_intervals_cover(case, rng):
    row = mitigated.measured(case, 100, 60, rng)
    assert row.covers(1e-6), str(row)


def test_errors_of_preparation_that_nobody_knows_of_are_not_covered(rng):
    """The gate leaves |0⟩ in a twentieth: its calibration says so, or it does not."""
    case = next(each for each in mitigated.cases() if "begin" in each.name)
    errs = replace(case, gate=0.05)
    assert mitigated.measured(errs, 3000, 60, rng).covers(1e-6)

    class Unaware(mitigated.Case):
        def readouts(self, shots, rng):
            found = super().readouts(shots, rng)
            return {qubit: replace(each, gates=0.0) for qubit, each in found.items()}

    unaware = Unaware(**{name: getattr(errs, name) for name in errs.__dataclass_fields__})
    assert not mitigated.measured(unaware, 3000, 60, rng).covers(1e-6)


@pytest.mark.parametrize("case", list(mitigated.cases()), ids=lambda case: case.name)
def test_values_of_many_repetitions_are_those_of_each(case, rng):
    counts, readouts = case.counted(300, 2, rng), [case.readouts(300, rng) for _ in range(2)]
    errors = np.array([[each.errors for each in found.values()] for found in readouts])
    for k, value in enumerate(case.values(counts, errors)):
        samples = {name: case.sampled(found[k]) for name, found in counts.items()}
        free = replace(case.figure, physical=None)
        assert mitigated.mitigated(free, samples, readouts[k], 0.95).value == pytest.approx(value, abs=1e-9)


@pytest.mark.slow
def test_all_cases_cover_and_are_short():
    assert mitigated.main([]) == 0
