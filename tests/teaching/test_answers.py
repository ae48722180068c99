"""Every task tells right answers from wrong ones, and says by which check and with which hint."""

from importlib import import_module

import pytest

from qnet_circuits.teaching.judging import judge
from qnet_circuits.teaching.registry import task, tasks


def answers(asked, kind):
    """The right or wrong answers to a task; where its numbers depend on the student, so do they."""
    module = import_module("tests.teaching.answers." + asked.name.replace("/", "_").replace("-", "_"))
    return getattr(module, kind.upper()) if hasattr(module, kind.upper()) else getattr(module, kind)(asked)


@pytest.mark.parametrize("name", tasks())
def test_right_answers_pass(name):
    asked = task(name, "student")
    right = answers(asked, "right")
    assert len(right) >= 3
    for label, source in right.items():
        verdict = judge(asked, source)
        assert verdict.passed, f"{label}\n{verdict}"


@pytest.mark.parametrize("name", tasks())
def test_wrong_answers_fail_by_a_named_check_with_a_hint(name):
    asked = task(name, "student")
    wrong, hints, failing = answers(asked, "wrong"), set(), set()
    assert len(wrong) >= 8
    for label, (source, check) in wrong.items():
        verdict = judge(asked, source)
        failed = {each.name: each.hint for each in verdict.failed}
        assert not verdict.passed and failed.get(check), f"{label}, expected {check!r}\n{verdict}"
        hints.add(failed[check])
        failing.update(failed)
    assert len(hints) >= 4, "mistakes of different kinds have hints of their own"
    passing = judge(asked, next(iter(answers(asked, "right").values())))
    assert {check.name for check in passing.checks} <= failing, (
        "each check is failed by one of the wrong answers at least"
    )


@pytest.mark.parametrize("name", tasks())
def test_a_starter_is_no_answer(name):
    asked = task(name)
    verdict = judge(asked, asked.starter)
    assert not verdict.passed and "starter" in verdict.failed[0].hint


@pytest.mark.parametrize(
    "name", [name for name in tasks() if task(name, "ada").text != task(name, "emmy").text]
)
def test_every_student_has_answers_of_their_own(name):
    """A right answer of each student's passes, and a neighbour with other numbers cannot use one that is copied."""
    students = ("ada", "emmy", "niels")
    first = {student: next(iter(answers(task(name, student), "right").values())) for student in students}
    assert len({task(name, student).text for student in students}) > 1
    for student, source in first.items():
        assert judge(task(name, student), source).passed, student
    assert not all(judge(task(name, student), first["ada"]).passed for student in students)


def test_the_crossing_of_the_checker_is_that_of_sampled_schedules():
    """The checker's formula agrees with the library's schedules, and a length that is 5 % off is wrong."""
    asked = task("repeaters/crossing", "student")
    sampled = answers(asked, "right")["sampled"]
    assert (
        judge(asked, sampled).passed
        and not judge(asked, sampled.replace("return float(", "return 1.05 * float(")).passed
    )


#: Values that no task asks for, some of which fail when they are looked at.
ODD = (
    "None", "object()", "[[1], [2], [3]]", "math.nan", "10**400", "np.arange(3)", "(k for k in range(3))", "int", "'x' * 10**6",
    "([], [], None)", "(1, [[0], [1]], [[0], [1]])", "{'00': 'I', '01': [], '10': {}, '11': None}", "[True] * 6", "1j",
    "type('T', (), {'__eq__': lambda s, o: 1 / 0, '__hash__': None})()", "type('T', (), {'__repr__': lambda s: 1 / 0})()",
    "type('L', (list,), {'__iter__': lambda s: 1 / 0})()", "{'instant': (False, np.array([1, 2]))}", "next(iter([]))",
)  # fmt: skip


@pytest.mark.parametrize("name", tasks())
def test_whatever_is_returned_there_is_a_verdict(name):
    asked = task(name, "student")
    head = next(line for line in asked.starter.splitlines() if line.startswith("def "))
    for odd in ODD:
        verdict = judge(asked, f"{head}\n    return {odd}\n")
        assert not verdict.passed and str(verdict), odd
