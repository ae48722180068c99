"""Every task tells right answers from wrong ones, and says by which check and with which hint."""

from importlib import import_module

import pytest

from qnet_circuits.teaching.judging import judge
from qnet_circuits.teaching.registry import task, tasks


def answers(name):
    return import_module("tests.teaching.answers." + name.replace("/", "_").replace("-", "_"))


@pytest.mark.parametrize("name", tasks())
def test_right_answers_pass(name):
    right = answers(name).RIGHT
    assert len(right) >= 3
    for label, source in right.items():
        verdict = judge(task(name), source)
        assert verdict.passed, f"{label}\n{verdict}"


@pytest.mark.parametrize("name", tasks())
def test_wrong_answers_fail_by_a_named_check_with_a_hint(name):
    wrong = answers(name).WRONG
    assert len(wrong) >= 8
    for label, (source, check) in wrong.items():
        verdict = judge(task(name), source)
        failed = {each.name: each.hint for each in verdict.failed}
        assert not verdict.passed and failed.get(check), f"{label}, expected {check!r}\n{verdict}"


@pytest.mark.parametrize("name", tasks())
def test_a_starter_is_no_answer(name):
    asked = task(name)
    verdict = judge(asked, asked.starter)
    assert not verdict.passed and "starter" in verdict.failed[0].hint
