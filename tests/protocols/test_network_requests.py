import json

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.errors import ParameterError
from qnet_circuits.protocols.network_requests import NetworkRequests

LINK = qn.Link(length_km=20, scheme="sender", efficiency=0.5, source_fidelity=0.98)
STAR = qn.Network(
    [qn.Node("centre", memories=2, memory_t2=0.01), "a", "b", "c"],
    [("centre", party, LINK) for party in "abc"],
)
ASKED = (qn.Request("a", "b", 2), qn.Request("b", "c", deadline_s=0.004), qn.Request("centre", "c"))


def test_figures_of_circuits_and_of_schedules():
    protocol = NetworkRequests(network=STAR, requests=ASKED)
    result = qn.run(protocol, shots=4000, seed=3, level=1 - 1e-6)
    found = qn.serve_requests(STAR, ASKED, seed=1, level=1 - 1e-6)
    for k, each in enumerate(found, 1):
        assert result.theory[f"fidelity_{k}"] == pytest.approx(each.fidelity.value, abs=1e-9)
        assert each.fidelity.value in result[f"fidelity_{k}"]
        assert result[f"served_{k}"] == each.served
        assert result[f"pairs_per_second_{k}"] == each.pairs_per_second
        assert result[f"latency_s_{k}"] == each.latency_s
    assert [each["route"] for each in result.to_dict()["requests"]] == [list(each.route) for each in found]
    assert "request 2: 1 pair for b-c by b centre c" in str(result)


def test_exact_values_are_those_of_the_mean_pair():
    protocol = NetworkRequests(network=STAR, requests=ASKED)
    result = qn.run(protocol, "exact")
    for name, value in protocol.theory(qn.NoiseParameters()).items():
        assert result[name].value == pytest.approx(value, abs=1e-9)
    twin = qn.predict(protocol, "fake_manila")
    assert twin["fidelity_1"].value < result["fidelity_1"].value
    assert result.resources["bell_pairs"] == 2
    for k, each in enumerate(protocol.service(), 1):
        assert result[f"served_{k}"] == each.served and result[f"latency_s_{k}"] == each.latency_s
    assert not any("is not in these figures" in note for note in result.notes)


def test_options_of_the_schedule_count():
    plain = NetworkRequests(network=STAR, requests=ASKED).service()
    for other in (
        {"swap_success": 0.5}, {"cutoff_s": 0.0003}, {"modes": 3}, {"policy": "turns"}, {"schedule_seed": 2},
        {"rounds": 500},
    ):  # fmt: skip
        assert NetworkRequests(network=STAR, requests=ASKED, **other).service() != plain
    assert NetworkRequests(network=STAR, requests=ASKED, route="rate").service() == plain


def test_plain_parameters():
    protocol = NetworkRequests(network=STAR, requests=ASKED, cutoff_s=0.001)
    plain = json.loads(json.dumps(protocol.parameters))
    assert plain["requests"][1] == {"a": "b", "b": "c", "deadline_s": 0.004}
    assert NetworkRequests.from_parameters(**plain) == protocol
    assert (
        NetworkRequests.from_parameters(network=STAR.to_dict(), requests=[["a", "b", 2]]).requests
        == ASKED[:1]
    )
    assert "requests" not in NetworkRequests().parameters


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"network": STAR}, "needs requests"),
        ({"network": "star", "requests": ASKED}, "must be a Network, got 'star'"),
        ({"requests": "ab"}, "must be a list"),
        ({"requests": []}, "must be a list"),
        ({"requests": [["r1c1"]]}, r"\[node, node\]"),
        ({"requests": [["r1c1", "x"]]}, "'x'"),
        ({"network": STAR, "requests": [["a", "b"]], "route": "luck"}, "'luck'"),
        ({"requests": [qn.Request("r1c1", "r1c2", 3, keep=True)]}, "keeps 3 pairs, and r1c1 has 2 memories"),
        ({"requests": [qn.Request("r1c1", "r3c3", deadline_s=2.1e-4)], "rounds": 100}, "got no pair in 100 rounds"),
        ({"schedule_seed": -1}, "schedule_seed"),
        ({"requests": [["r1c1", "r1c2", 10**12]]}, "pairs of a request"),
        ({"rounds": 10**12}, "rounds"),
    ],
)  # fmt: skip
def test_bad_input(given, message):
    with pytest.raises(ParameterError, match=message):
        NetworkRequests(**given)


def test_the_same_program_whatever_the_random_stream():
    protocol = NetworkRequests(network=STAR, requests=ASKED)
    programs = {protocol.program(np.random.default_rng(seed)).id for seed in range(3)}
    assert len(programs) == 1
