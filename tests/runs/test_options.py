"""Every verb checks every option that it takes, in the same way, before anything is made of it."""

import inspect
from concurrent.futures import ThreadPoolExecutor
from tempfile import TemporaryDirectory

import pytest

import qnet_circuits as qn
from qnet_circuits.runs.options import ARGUMENTS, OPTIONS, RunOptions

CHAIN = qn.RepeaterChain(hops=1)
MANILA = "aer:fake_manila"


def swept(protocol, **options):
    """Sweep over one point in this process."""
    with TemporaryDirectory() as folder, ThreadPoolExecutor(1) as here:
        return qn.sweep(protocol, MANILA, **{"path": f"{folder}/rows.jsonl", "executor": here, **options})


#: The verbs, with what they need to get as far as they can.
VERBS = {
    "submit": lambda protocol=CHAIN, **options: qn.submit(protocol, MANILA, **{"dry_run": True, **options}),
    "run": lambda protocol=CHAIN, **options: qn.run(protocol, MANILA, **options),
    "sweep": lambda protocol=CHAIN, **options: swept(protocol, **options),
    "predict": lambda protocol=CHAIN, **options: qn.predict(protocol, MANILA, **options),
    "compile": lambda protocol=CHAIN, **options: qn.compile(protocol, MANILA, **options),
    "estimate_cost": lambda protocol=CHAIN, **options: qn.estimate_cost(protocol, MANILA, **options),
    "tell": lambda protocol=CHAIN, **options: qn.tell(protocol, MANILA, **{"shots": 10, **options}),
    "error_budget": lambda protocol=CHAIN, **options: qn.error_budget(protocol, MANILA, **options),
}
SWITCHES = ("emulate_links", "decoupling", "mitigate", "controls", "verify", "dry_run", "withhold", "states")
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
    "copies": [0, 1001, "3", "all", 1.5, True, None],
    "worst_copy": ["x", True, float("nan")],
    "max_qpu_seconds": ["60", 0, 1.5, True],
    "options": ["x", [], 0, {1: 2}, [("a", 1)]],
    "path": [3, b"run", ["run"]],
    "vary": [
        "corrections",
        ["corrections"],
        3,
        {"corrections": []},
        {"corrections": ["frames"]},
        {"shots.few": [1]},
    ],
    "figure": [3, ["fidelity"], "beauty"],
    "memory": ["much", 0, -1, True, None, float("nan")],
    "shot": ["x", -1, 10**9, 1.5, True, None],
    "circuit": [3, "nothing", ["xx"]],
    "level": ["x", 0.2, 1, True, None],
    "rep_delay": ["x", -1, 1, True],
    "remaining": ["x", -1, True, float("nan")],
    **{name: ["no", 0, 1, None] for name in SWITCHES},
}


#: For each option a value that every verb which takes it can honour on a simulated device.
RIGHT = {
    "shots": 7, "repeats": 2, "noise": {"idle": False}, "corrections": "feedforward", "optimization_level": 1,
    "layout": [0, 1], "carrier": "swap", "decoupling": True, "seed": 5, "controls": True, "mitigate": True,
    "emulate_links": True, "predict": False, "verify": False, "copies": 2,
}  # fmt: skip
#: Those that a simulated device, or one copy, has no use for: whoever takes them says so.
FOR_OTHERS = {"options": {"execution.rep_delay": 5e-4}, "max_qpu_seconds": 60, "worst_copy": 0.7}


def arguments_of(verb):
    named = inspect.signature(getattr(qn, verb)).parameters.values()
    return {each.name for each in named if each.kind is not each.VAR_KEYWORD}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_takes_the_options_that_their_entries_say_and_refuses_the_others(verb, option):
    takes = verb in OPTIONS[option].verbs
    assert takes == (option in arguments_of(verb)), "the signature says otherwise"
    value = {**RIGHT, **FOR_OTHERS}[option]
    if not takes:
        with pytest.raises(qn.UnsupportedError, match=f"^{verb} does not take {option}; "):
            VERBS[verb](**{option: value})
    elif option in FOR_OTHERS:
        with pytest.raises(qn.UnsupportedError, match=option):
            VERBS[verb](**{option: value})
    else:
        VERBS[verb](**{option: value})


@pytest.mark.parametrize("verb", VERBS)
def test_a_wrong_value_is_refused_by_every_verb(verb):
    for name in sorted(arguments_of(verb) & set(WRONG)):
        for value in WRONG[name]:
            with pytest.raises(qn.QnetError):
                VERBS[verb](**{name: value})


def test_no_verb_has_an_argument_that_is_not_checked():
    assert set(OPTIONS) | set(ARGUMENTS) <= set(WRONG)
    for verb in VERBS:
        others = {"protocol", "protocols", "figures", "backend", "device", "level", "progress", "executor"}
        assert arguments_of(verb) - others <= {*OPTIONS, *ARGUMENTS}, verb


def test_a_misspelt_option_is_told_its_name():
    with pytest.raises(TypeError, match="'shots'"):
        qn.run(CHAIN, shot=3)


def test_what_a_manifest_keeps_gives_the_same_options_again():
    given = RunOptions(shots=3, corrections="frame", layout=[0, 1], repeats=2, options={})
    assert RunOptions.from_manifest(given.to_manifest()) == given
    # Earlier versions kept more.
    assert RunOptions.from_manifest({**given.to_manifest(), "attempt": 4}) == given
