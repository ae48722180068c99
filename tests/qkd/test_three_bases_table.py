"""The table of docs/keys.md that compares BB84's bound with that of the six-state protocol."""

import math
from pathlib import Path

import pytest

from qnet_circuits.qkd.postprocessing.finite_key import hashing_cost, phase_cost, verification_cost
from qnet_circuits.qkd.postprocessing.six_state_key import joint_phase_cost
from qnet_circuits.theory.entropy import binary_entropy

PAGE = Path(__file__).parents[2] / "docs" / "keys.md"
ROWS = [
    [cell.strip() for cell in line.strip(" |").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and line.split("|")[1].strip().endswith(" %")
]


def row(q):
    """Return the cells for an error rate: bits of key for 1000 pulses by both bounds, for three numbers of pulses."""
    cells = []
    for pulses in (10**5, 10**6, 10**7):
        n = pulses // 9
        tolerance = q + 3 * math.sqrt(q * (1 - q) / n)
        left = n * (1 - 1.05 * binary_entropy(q)) - hashing_cost(1e-10) - verification_cost(1e-15)
        joint = joint_phase_cost(n, (n, n), round(q * n), (tolerance, tolerance), 1e-10)
        for cost in (phase_cost(n, n, tolerance, 1e-10), joint):
            cells.append(f"{1000 * max(0.0, left - cost) / pulses:.1f}")
    return cells


def test_the_table_has_rows():
    assert len(ROWS) == 8


@pytest.mark.parametrize("cells", ROWS, ids=lambda cells: cells[0])
def test_a_row_is_what_the_bounds_give(cells):
    assert cells[1:] == row(float(cells[0].removesuffix(" %")) / 100)
