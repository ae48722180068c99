"""Every verb checks every option that it takes, in the same way, before anything is made of it."""

import inspect

import pytest

import qnet_circuits as qn
from qnet_circuits.runs.options import CHECKS, check_options

CHAIN = qn.RepeaterChain(hops=1)
MANILA = "aer:fake_manila"
#: The verbs, with what they need to get as far as they can.
VERBS = {
    "submit": lambda protocol=CHAIN, **options: qn.submit(protocol, MANILA, **{"dry_run": True, **options}),
    "run": lambda protocol=CHAIN, **options: qn.run(protocol, MANILA, **options),
    "predict": lambda protocol=CHAIN, **options: qn.predict(protocol, MANILA, **options),
    "compile": lambda protocol=CHAIN, **options: qn.compile(protocol, MANILA, **options),
    "estimate_cost": lambda protocol=CHAIN, **options: qn.estimate_cost(protocol, MANILA, **options),
    "error_budget": lambda protocol=CHAIN, **options: qn.error_budget(protocol, MANILA, **options),
}
#: What a verb hands on to another one.
HANDED_ON = {"run": "submit", "predict": "submit", "estimate_cost": "compile"}
#: Judged by what there is, not by what they are.
OTHERWISE = {"backend", "device", "layout", "progress"}
SWITCHES = ("emulate_links", "decoupling", "mitigate", "controls", "verify", "dry_run")
WRONG = {
    "protocol": ["repeater-chain", None, 3],
    "shots": ["abc", 0, 2.5, True, [5], 10**9],
    "seed": [-1, "x", 2.5, True],
    "corrections": ["frames", None, 3, ["frame"]],
    "optimization_level": [4, -1, "2", True, None],
    "layout": ["here", 3, [0, 0], ["a", "b"], [0.5, 1], {}, ""],
    "carrier": ["boat", None, ["swap"]],
    "noise": ["off", {"gate": True}, 3, []],
    "repeats": [0, 101, "3", 1.5, True],
    "predict": ["yes", 1],
    "max_qpu_seconds": ["60", 0, 1.5, True],
    "options": ["x", [], 0, {1: 2}, [("a", 1)]],
    "path": [3, b"run", ["run"]],
    "figure": [3, ["fidelity"], "beauty"],
    "memory": ["much", 0, -1, True, None, float("nan")],
    "level": ["x", 0.2, 1, True, None],
    "rep_delay": ["x", -1, 1, True],
    "remaining": ["x", -1, True, float("nan")],
    **{name: ["no", 0, 1, None] for name in SWITCHES},
}


def taken_by(verb):
    """Return the options that a verb takes, by itself or handed on."""
    names = {
        p.name for p in inspect.signature(getattr(qn, verb)).parameters.values() if p.kind != p.VAR_KEYWORD
    }
    return names | (taken_by(HANDED_ON[verb]) if verb in HANDED_ON else set())


@pytest.mark.parametrize(
    ("verb", "option"), [(verb, option) for verb in VERBS for option in sorted(taken_by(verb) & set(WRONG))]
)
def test_a_wrong_value_is_refused_by_every_verb(verb, option):
    for value in WRONG[option]:
        with pytest.raises(qn.QnetError):
            VERBS[verb](**{option: value})


def test_no_verb_has_an_option_that_is_not_checked():
    for verb in VERBS:
        assert taken_by(verb) - OTHERWISE <= set(CHECKS), verb
    assert set(CHECKS) <= set(WRONG)
    with pytest.raises(TypeError):
        check_options(shot=3)
