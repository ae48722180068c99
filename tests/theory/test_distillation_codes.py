"""Codes for distillation: enumerators and values as published, and what each error does by hand."""

from itertools import product

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.theory.bell_diagonal import werner
from qnet_circuits.theory.distillation import double_selection, parity_check
from qnet_circuits.theory.distillation_codes import CODES, Code, enumerators, from_code
from qnet_circuits.theory.recurrences import iterated, recurrence

STEANE = ("IIIXXXX", "IXXIIXX", "XIXIXIX", "IIIZZZZ", "IZZIIZZ", "ZIZIZIZ")


@pytest.mark.parametrize(
    ("code", "harmless", "unseen"),
    [
        (CODES["2-to-1"].stabilizers, (1, 0, 1), (1, 2, 5)),
        (CODES["3-to-1"].stabilizers, (1, 0, 1, 2), (1, 1, 7, 7)),
        (CODES["4-to-1"].stabilizers, (1, 0, 0, 4, 3), (1, 0, 6, 16, 9)),
        (CODES["5-to-1"].stabilizers, (1, 0, 0, 0, 15, 0), (1, 0, 0, 30, 15, 18)),
        (("ZZ",), (1, 0, 1), (1, 2, 5)),
        (("YZX", "ZYX"), (1, 0, 1, 2), (1, 1, 7, 7)),
        (("IZZY", "XYZZ", "YYYI"), (1, 0, 0, 4, 3), (1, 0, 6, 16, 9)),
        (("XZZXI", "IXZZX", "XIXZZ", "ZXIXZ"), (1, 0, 0, 0, 15, 0), (1, 0, 0, 30, 15, 18)),
        (STEANE, (1, 0, 0, 0, 21, 0, 42, 0), (1, 0, 0, 21, 21, 126, 42, 45)),
    ],
)
def test_enumerators(code, harmless, unseen):
    assert enumerators(code) == (harmless, unseen)


@pytest.mark.parametrize(
    ("scheme", "values"),
    [
        ("2-to-1", [(0.73529, 0.6800), (0.83815, 0.7689), (0.92640, 0.8756), (0.96496, 0.9356)]),
        ("3-to-1", [(0.78571, 0.4480), (0.88742, 0.5816), (0.95652, 0.7633), (0.98096, 0.8743)]),
        ("4-to-1", [(0.86364, 0.2816), (0.95349, 0.4306), (0.99123, 0.6620), (0.99809, 0.8161)]),
    ],
)
def test_werner_pairs(scheme, values):
    for start, (fidelity, success) in zip((0.7, 0.8, 0.9, 0.95), values, strict=True):
        made = from_code(CODES[scheme], [werner(start)] * int(scheme[0]))
        assert made.weights[0] == pytest.approx(fidelity, abs=5.01e-6)
        assert made.success == pytest.approx(success, abs=5.01e-5)


def test_four_pairs_at_once_are_better_than_two_rounds():
    two_rounds = iterated(recurrence("dejmps"), werner(0.9), 2)[-1].weights[0]
    assert from_code(CODES["4-to-1"], [werner(0.9)] * 4).weights[0] > two_rounds


def test_pairs_of_their_own(rng):
    """Two and three pairs of any weights are what rounds make of them, and five what their polynomial says."""
    first, second, third, *_ = pairs = [tuple(w) for w in rng.dirichlet([8, 1, 1, 1], size=5)]
    for code, made in [
        (Code(("ZZ",), "XX", "ZI"), parity_check(first, second)),
        # The checks are Z on the second pair and X on the third, traced back through both CNOTs and the Hadamard gates.
        (Code(("XXX", "IZZ"), "ZZI", "XII"), double_selection(first, second, third)),
    ]:
        found = from_code(code, pairs[: len(code.x)])
        assert found.weights == pytest.approx(made.weights) and found.success == pytest.approx(made.success)
    made = from_code(CODES["5-to-1"], pairs)
    assert (made.weights[0], made.success) == pytest.approx(_by_hand(CODES["5-to-1"].stabilizers, pairs))


def _by_hand(code, pairs):
    """Multiply matrices: an error is unseen if it commutes with all stabilizers, and harmless if it is one."""
    one = {"I": np.eye(2), "X": np.array([[0, 1], [1, 0]]), "Z": np.diag([1, -1])}
    one["Y"] = one["Z"] @ one["X"]
    anti = {(a, b): not np.allclose(one[a] @ one[b], one[b] @ one[a]) for a, b in product("IXYZ", repeat=2)}
    product_of = {(a, b): next(c for c in "IXYZ" if np.allclose(abs(one[a] @ one[b]), abs(one[c])) and
                               np.allclose(abs(np.trace(one[a] @ one[b] @ one[c])), 2)) for a, b in anti}  # fmt: skip
    group = {"I" * len(pairs)}
    for each in code:
        group |= {"".join(product_of[pair] for pair in zip(each, other, strict=True)) for other in group}
    kept = harmless = 0.0
    for error in map("".join, product("IXYZ", repeat=len(pairs))):
        if any(sum(anti[pair] for pair in zip(error, each, strict=True)) % 2 for each in code):
            continue
        chance = np.prod([pair["IXYZ".index(letter)] for pair, letter in zip(pairs, error, strict=True)])
        kept, harmless = kept + chance, harmless + chance * (error in group)
    return harmless / kept, kept


@pytest.mark.parametrize(
    ("stabilizers", "x", "z", "said"),
    [
        (["ZZ", "ZZ"], "XX", "ZI", "n - 1"),
        (["ZI", "XZ"], "XX", "ZI", "n - 1"),
        (["ZZI", "XII"], "XXX", "ZII", "commute"),
        (["ZZI", "ZZI"], "XXX", "ZII", "product"),
        (["ZQ"], "XX", "ZI", "I, X, Y, Z"),
        ([], "X", "Z", "n - 1"),
        (["ZZ"], "XI", "ZI", "XI"),
        (["ZZ"], "XX", "ZZ", "ZZ"),
        (["ZZ"], "XXX", "ZI", "XXX"),
    ],
)
def test_what_is_no_code_is_one_clear_line(stabilizers, x, z, said):
    with pytest.raises(ParameterError) as caught:
        Code(tuple(stabilizers), x, z)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_pairs_that_do_not_fit():
    with pytest.raises(ParameterError, match="takes 2"):
        from_code(CODES["2-to-1"], [werner(0.9)] * 3)
    with pytest.raises(ParameterError, match="never agree"):
        from_code(CODES["2-to-1"], [(0, 1, 0, 0), (1, 0, 0, 0)])
