"""Random bits that a Bell test certifies, and the refusals."""

import math

import numpy as np
import pytest
from scipy.linalg import toeplitz

import qnet_circuits as qn
from qnet_circuits.qkd.postprocessing.randomness import Randomness
from qnet_circuits.theory import chsh
from qnet_circuits.theory.estimate import proportion

IDEAL = qn.NoiseParameters()


@pytest.fixture(scope="module")
def run():
    return qn.submit(qn.CertifiedRandomness(link_fidelity=0.98), shots=800, seed=5)


def analysis(root=b"\x01" * 32, veto=None):
    return qn.Analysis(0.95, root, demonstration=True, veto=veto)


def outcomes(wins, shots):
    """Return outcomes in which so many of the shots of each setting win."""
    bits = np.zeros((shots, 2), bool)
    bits[wins:, 1] = True
    return qn.Outcomes({
        name: {"out": bits ^ np.array([False, name == "minus_x"])}
        for name in ("plus_z", "plus_x", "minus_z", "minus_x")
    })  # fmt: skip


@pytest.mark.parametrize(
    "protocol",
    [
        qn.CertifiedRandomness(),
        qn.CertifiedRandomness(link_fidelity=0.95),
        qn.CertifiedRandomness(network=qn.Network.chain(2, [qn.Link(0.97), qn.Link(pauli=(0.9, 0.1, 0, 0))])),
        qn.CertifiedRandomness(cheater="classical"),
    ],
    ids=["ideal", "werner", "chain", "classical"],
)
def test_exact_values_are_those_of_theory(protocol):
    found, theory = qn.predict(protocol), protocol.theory(IDEAL)
    assert {name: found[name].value for name in theory} == pytest.approx(theory, abs=1e-9)


def test_alices_outcomes_are_uniform_for_each_setting():
    program = qn.CertifiedRandomness(link_fidelity=0.9).program(np.random.default_rng(0))
    figures = [qn.Figure(item.name, qn.population(item.name, [("out", 0)], ["1"])) for item in program]
    for estimate in qn.predict(qn.Program(program.items, figures)).figures.values():
        assert estimate.value == pytest.approx(0.5, abs=1e-12)


def test_bits_are_the_hashed_outcomes_and_as_many_as_the_bound_allows(run):
    result, seen = run.result(), run.outcomes()
    entropy = chsh.min_entropy(result.lowest_s_value)
    assert entropy == result.certified_min_entropy and result.lowest_s_value < result.s_value.low
    wins = round(3200 * (result.s_value.value + 4) / 8)
    assert result.lowest_s_value == pytest.approx(8 * proportion(wins, 3200, 1 - 1e-6).low - 4, abs=1e-9)
    length = math.floor(3200 * entropy - 2 * math.log2(2 / 1e-6))
    assert len(result.random_bits) == result.certified_bits.value == length > 100
    assert result.refused is None and result.aborted is None and "seed" in " ".join(result.notes)
    assert run.result(0.99).random_bits == result.random_bits
    raw = np.concatenate([registers["out"][:, 0] for registers in seen.values()]).astype(int)
    seeds = []
    for root in (b"\x01" * 32, b"\x02" * 32):
        bits = qn.CertifiedRandomness().analyze(seen, analysis(root)).secrets["random_bits"].bits()
        seed = Randomness(root=root, stream="extractor", demonstration=True).bits(3200 + length - 1)
        assert np.array_equal(bits, toeplitz(seed[3199:], seed[3199::-1]).astype(int) @ raw % 2)
        seeds.append(bits)
    assert 0.3 < np.mean(seeds[0] != seeds[1]) < 0.7


def test_a_smaller_risk_gives_fewer_bits(run):
    lengths = [
        qn.CertifiedRandomness(epsilon=epsilon)
        .analyze(run.outcomes(), analysis())
        .figures["certified_bits"]
        .value
        for epsilon in (1e-2, 1e-6, 1e-10)
    ]
    assert lengths[0] > lengths[1] > lengths[2]


def test_a_box_with_a_list_is_refused():
    result = qn.run(qn.CertifiedRandomness(cheater="classical"), shots=1000, seed=1)
    assert result.s_value.value == 2 and result.min_entropy.value == 0
    assert result.refused.startswith("bell:") and result.aborted == result.refused
    assert result.certified_bits.value == 0 and result.random_bits is None
    assert qn.predict(qn.CertifiedRandomness(cheater="classical")).refused.startswith("bell:")
    assert qn.predict(qn.CertifiedRandomness(link_fidelity=0.9)).refused is None


@pytest.mark.parametrize(
    ("wins", "shots", "reason"),
    [(83, 100, "short:"), (76, 100, "bell:"), (88, 100, None), (10, 100, "bell:")],
)
def test_reasons(wins, shots, reason):
    found = qn.CertifiedRandomness(epsilon=1e-3).analyze(outcomes(wins, shots), analysis())
    assert (found.refused or "").startswith(reason or "") and (found.refused is None) == (reason is None)
    assert (found.secrets["random_bits"] is None) == (reason is not None)


def test_an_approximate_limit_is_said():
    seen = {**outcomes(430, 500)}
    even = qn.CertifiedRandomness().analyze(qn.Outcomes(seen), analysis())
    seen["plus_x"] = {"out": seen["plus_x"]["out"][:480]}
    odd = qn.CertifiedRandomness().analyze(qn.Outcomes(seen), analysis())
    assert [any("approximate" in note for note in each.notes) for each in (even, odd)] == [False, True]


def test_a_veto_gives_no_bits():
    found = qn.CertifiedRandomness().analyze(outcomes(860, 1000), analysis(veto="parameters: others"))
    assert found.refused == "parameters: others" and found.secrets == {"random_bits": None}
    assert found.figures["certified_bits"].value == 0


def test_nothing_is_said_aloud_or_mitigated():
    assert qn.CertifiedRandomness().program(np.random.default_rng(0)).resources["announced_bits"] == 0
    with pytest.raises(qn.errors.UnsupportedError):
        qn.run(qn.CertifiedRandomness(), "aer:fake_manila", shots=10, mitigate=True)


def test_command_line(qnet, tmp_path):
    file = tmp_path / "bits"
    status, _, _ = qnet("run", "certified-randomness", "--shots", "1000", "--key-out", str(file))
    assert status == 0 and len(file.read_bytes()) > 50
    status, _, _ = qnet("run", "certified-randomness", "--set", "cheater=classical", "--shots", "100")
    assert status == 1


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"epsilon": 0}, qn.errors.ParameterError),
        ({"epsilon": 0.6}, qn.errors.ParameterError),
        ({"hops": 0}, qn.errors.ParameterError),
        ({"cheater": "bob"}, qn.errors.UnknownNameError),
    ],
)
def test_bad_input(given, error):
    with pytest.raises(error):
        qn.CertifiedRandomness(**given)
