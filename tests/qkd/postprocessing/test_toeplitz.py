import itertools

import numpy as np
import pytest
from scipy.linalg import matmul_toeplitz
from scipy.stats import binom, binomtest

from qnet_circuits.errors import ParameterError, RoundingError
from qnet_circuits.qkd.postprocessing import toeplitz
from qnet_circuits.qkd.postprocessing.toeplitz import amplify, tag_bits, tags_agree, verification_tag


def direct(bits, seed, length):
    """The product with the written-out matrix over GF(2)."""
    n = len(bits)
    matrix = np.array([[seed[row - column + n - 1] for column in range(n)] for row in range(length)])
    return (matrix.astype(int) @ bits.astype(int)) % 2


@pytest.mark.parametrize("block", [1, 3, 16, toeplitz.BLOCK])
def test_hash_is_the_product_over_gf2(block, rng, monkeypatch):
    monkeypatch.setattr(toeplitz, "BLOCK", block)
    for _ in range(60):
        n, length = (int(value) for value in rng.integers(1, 50, 2))
        bits, seed = rng.integers(0, 2, n, np.uint8), rng.integers(0, 2, n + length - 1, np.uint8)
        assert toeplitz.toeplitz_hash(bits, seed, length).tolist() == direct(bits, seed, length).tolist()


def test_blocks_of_a_large_hash_fit_together(rng):
    n, length = 700_001, 300_007  # three columns of blocks and two rows, none of them full
    bits, seed = rng.integers(0, 2, n, np.uint8), rng.integers(0, 2, n + length - 1, np.uint8)
    hashed = toeplitz.toeplitz_hash(bits, seed, length)
    assert len(hashed) == length
    for row in [0, 1, toeplitz.BLOCK - 1, toeplitz.BLOCK, length - 1, *rng.integers(0, length, 20).tolist()]:
        assert hashed[row] == np.bitwise_xor.reduce(bits & seed[row : row + n][::-1])


def test_hash_agrees_with_a_floating_point_product(rng):
    n, length = 3000, 1000
    bits, seed = rng.integers(0, 2, n, np.uint8), rng.integers(0, 2, n + length - 1, np.uint8)
    product = matmul_toeplitz(
        (seed[n - 1 :].astype(float), seed[n - 1 :: -1].astype(float)), bits.astype(float)
    )
    assert ((np.rint(product).astype(int) & 1) == toeplitz.toeplitz_hash(bits, seed, length)).all()


def test_a_transform_that_is_not_exact_raises(rng, monkeypatch):
    import scipy.fft

    exact = scipy.fft.rfft
    monkeypatch.setattr(scipy.fft, "rfft", lambda values, size: exact(values, size) * (1 + 3e-5))
    bits, seed = np.ones(10_000, np.uint8), rng.integers(0, 2, 19_999, np.uint8)
    with pytest.raises(RoundingError, match="integers"):
        toeplitz.toeplitz_hash(bits, seed, 10_000)


def test_sizes_at_which_rounding_could_fail_are_refused():
    with pytest.raises(ParameterError, match=" blocks of "):
        toeplitz.check_size(2**18, 2**23)
    toeplitz.check_size(2**18, 400)  # a hundred million bits


def test_wrong_lengths_and_entries_are_refused():
    bits = np.ones(5, np.uint8)
    with pytest.raises(ParameterError, match=r"7 seed bits.* 6$"):
        toeplitz.toeplitz_hash(bits, np.ones(6, np.uint8), 3)
    with pytest.raises(ParameterError, match="0 and 1"):
        toeplitz.toeplitz_hash(2 * bits, np.ones(7, np.uint8), 3)
    with pytest.raises(ParameterError, match="0 and 1"):
        toeplitz.toeplitz_hash(bits * 1.0, np.ones(7, np.uint8), 3)
    with pytest.raises(ParameterError, match=r"^5 bits .* 6 "):
        amplify(bits, np.ones(10, np.uint8), 6)


def test_two_strings_collide_for_exactly_2_to_the_minus_length_of_the_seeds():
    n, length = 5, 3
    seeds = [np.array(seed, np.uint8) for seed in itertools.product((0, 1), repeat=n + length - 1)]
    for difference in itertools.product((0, 1), repeat=n):
        if any(difference):
            hashes = [toeplitz.toeplitz_hash(np.array(difference), seed, length) for seed in seeds]
            assert sum(not hashed.any() for hashed in hashes) == len(seeds) / 2**length


def test_amplified_bits_are_as_close_to_uniform_as_the_lemma_says(rng):
    # exact over all seeds: Eve knows that the 7 bits are one of 32 strings, so H = 5
    n, length = 7, 2
    strings = rng.permutation(2**n)[:32]
    rows = (strings[:, None] >> np.arange(n)) & 1
    distances = []
    for seed in itertools.product((0, 1), repeat=n + length - 1):
        matrix = np.array([[seed[row - column + n - 1] for column in range(n)] for row in range(length)])
        hashed = (rows @ matrix.T % 2) @ (1 << np.arange(length))
        distances.append(0.5 * np.abs(np.bincount(hashed, minlength=2**length) / 32 - 2.0**-length).sum())
    assert 0 < np.mean(distances) <= 0.5 * 2 ** ((length - 5) / 2)


def test_tag_length_and_constant_time(monkeypatch):
    assert [tag_bits(2.0**-t) for t in (1, 10, 64)] == [1, 10, 64] and tag_bits(1e-15) == 50
    compared = []
    monkeypatch.setattr("hmac.compare_digest", lambda a, b: compared.append((a, b)) or a == b)
    tag = np.array([1, 0, 1], np.uint8)
    assert tags_agree(tag, tag.copy()) and not tags_agree(tag, 1 - tag)
    assert len(compared) == 2


def test_wrong_keys_pass_verification_as_rarely_as_stated(rng):
    # epsilon 1/16: of many wrong keys no more may pass, at alpha = 1e-6; a hash of 3 bits would be seen
    epsilon, trials, n = 1 / 16, 4000, 200
    passed = 0
    for _ in range(trials):
        key, seed = rng.integers(0, 2, n, np.uint8), rng.integers(0, 2, n + 3, np.uint8)
        wrong = key.copy()
        wrong[rng.permutation(n)[: rng.integers(1, 5)]] ^= 1
        passed += tags_agree(verification_tag(key, seed, epsilon), verification_tag(wrong, seed, epsilon))
    assert binomtest(passed, trials, epsilon).pvalue > 1e-6
    # the power of this: twice the probability passes with less than 1e-6
    assert binom.cdf(binom.isf(1e-6, trials, epsilon), trials, 2 * epsilon) < 1e-6
