"""The table of docs/keys.md that compares BB84's bound with that of the six-state protocol."""

import math
from pathlib import Path

import pytest

from qnet_circuits.qkd.postprocessing.accounts import Account, SessionParameters
from qnet_circuits.qkd.postprocessing.comparing import Compared
from qnet_circuits.qkd.postprocessing.refusals import Refusal
from qnet_circuits.qkd.postprocessing.settling import settle
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
        tolerance, told = q + 3 * math.sqrt(q * (1 - q) / n), round(1.05 * n * binary_entropy(q))
        compared = Compared(dict.fromkeys((1, 2), (n, round(q * n))))
        for third in (None, 2):
            rules = SessionParameters(tolerance, public_counts=1, third_basis=third)
            try:
                net = settle(Account(pulses), rules, n, compared, told, round(q * n))[1]
            except Refusal:
                net = 0
            cells.append(f"{1000 * net / pulses:.1f}")
    return cells


def test_the_table_has_rows():
    assert len(ROWS) == 8


@pytest.mark.parametrize("cells", ROWS, ids=lambda cells: cells[0])
def test_a_row_is_what_the_bounds_give(cells):
    assert cells[1:] == row(float(cells[0].removesuffix(" %")) / 100)
