"""The command ``qnet cost``."""

import json
import re

import pytest

import qnet_circuits as qn


def test_the_object_is_that_of_the_verb(qnet):
    arguments = ("--set", "hops=3", "--on", "aer:fake_torino", "--shots", "4000", "--remaining", "600")
    status, out, err = qnet("cost", "repeater-chain", *arguments, "--corrections", "feedforward", "--json")
    assert (status, err) == (0, "")
    plain = json.loads(out)
    assert list(plain) == ["schema", "protocol", "parameters", "backend", "cost"]
    assert plain["backend"] == "aer:fake_torino" and plain["parameters"]["hops"] == 3
    cost = qn.estimate_cost(
        qn.RepeaterChain(hops=3), "aer:fake_torino", shots=4000, remaining=600, corrections="feedforward"
    )
    assert plain["cost"] == cost.to_dict()


def test_the_table_for_people(qnet):
    status, out, err = qnet("cost", "repeater-chain", "--set", "hops=2", "--on", "aer:fake_manila")
    assert (status, err) == (0, "")
    title, *rows = out.splitlines()
    assert title == "repeater-chain(hops=2, link_fidelity=1.0) on aer:fake_manila"
    assert [row.split()[0] for row in rows[:5]] == ["circuits", "jobs", "shots", "executions", "processor"]


def test_repetition_and_latency_can_be_given(qnet):
    def seconds(*more):
        status, out, _ = qnet(
            "cost", "teleportation", "--on", "aer:fake_manila", "--shots", "1000", "--json", *more
        )
        assert status == 0
        return json.loads(out)["cost"]["seconds"]

    plain = seconds("--corrections", "feedforward")
    assert seconds("--corrections", "feedforward", "--rep-delay", "1e-3") > plain
    assert seconds("--corrections", "feedforward", "--noise", "feedforward_latency=1e-4") > plain


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ghz"], "'--on'"),
        (["ghz", "--on", "ideal"], "ideal .*device"),
        (["ghz", "--on", "aer:fake_kingstn"], "device 'fake_kingstn'.*: fake_kingston"),
        (["ghz", "--on", "aer:fake_manila", "--shots", "0"], "shots .* 0"),
        (["teleportation", "--on", "aer:fake_manila", "--remaining", "-1"], "remaining .*-1"),
        (["ghz", "--on", "aer:fake_berlin", "--corrections", "feedforward"], "fake_berlin .*if_else"),
        (
            [
                "repeater-chain",
                "--set",
                "hops=40",
                "--on",
                "aer:fake_kingston",
                "--corrections",
                "feedforward",
            ],
            "39 bits.* 32",
        ),
    ],
)
def test_wrong_input_is_one_line_and_status_2(qnet, arguments, message):
    status, out, err = qnet("cost", *arguments)
    assert (status, out) == (2, "")
    assert re.search(message, err) and err.count("\n") == 1 and "Traceback" not in err
