"""Tasks as students handle them, in Python: what is shown, what is answered, and the process in which an answer runs."""

import pytest

import qnet_circuits as qn
from qnet_circuits.teaching import Check, Limits, Verdict, task, tasks

NAME = "bell-pair/fidelity"


def test_there_are_tasks_in_the_order_of_lessons():
    lessons = [task(name).lesson for name in tasks()]
    assert lessons == sorted(lessons)
    assert tasks().index("teleportation/table") < tasks().index("teleportation/corrections")


@pytest.mark.parametrize("name", tasks())
def test_a_task_shows_its_text_and_starter_and_no_solution(name):
    asked = task(name)
    assert asked.text in str(asked) and asked.title in asked._repr_markdown_()
    assert asked.starter in asked._repr_markdown_() and asked.function in asked.starter
    compile(asked.starter, "starter", "exec")


def test_a_student_is_given_or_named_by_the_environment(monkeypatch):
    monkeypatch.delenv("QNET_STUDENT", raising=False)
    assert task(NAME).student == "student"
    monkeypatch.setenv("QNET_STUDENT", "")
    assert task(NAME).student == "student"
    monkeypatch.setenv("QNET_STUDENT", "ada")
    assert (task(NAME).student, task(NAME, "emmy").student) == ("ada", "emmy")
    assert repr(task(NAME, "emmy")) == "teaching.task('bell-pair/fidelity', student='emmy')"


def test_numbers_follow_from_student_and_task():
    streams = {(who, name): task(name, who).numbers.random() for who in ("ada", "emmy") for name in tasks()}
    assert len(set(streams.values())) == len(streams)
    assert streams["ada", NAME] == task(NAME, "ada").numbers.random()


@pytest.mark.parametrize("student", ["", " ", 3, "x" * 101])
def test_a_student_is_a_short_text(student):
    with pytest.raises(qn.ParameterError):
        task(NAME, student)


def test_unknown_tasks_are_refused_with_the_nearest():
    with pytest.raises(qn.UnknownNameError) as error:
        task("bell-pair/fidelty")
    assert NAME in str(error.value)


def test_a_decorated_function_is_the_answer_and_runs_alone():
    asked = task(NAME)

    @asked.answer
    def fidelity(xx, yy, zz):
        signs = [2 * (c.get("00", 0) + c.get("11", 0)) / sum(c.values()) - 1 for c in (xx, yy, zz)]
        return float(np.array([1, 1, -1, 1]) @ np.array([1, *signs])) / 4  # noqa: F821

    verdict = asked.check()
    assert verdict.passed and verdict.task == NAME


def test_an_answer_must_have_the_name_of_the_starter_and_a_source():
    asked = task(NAME)
    with pytest.raises(qn.ParameterError):
        asked.check()
    with pytest.raises(qn.ParameterError):
        asked.answer(lambda xx, yy, zz: 1.0)
    names = {}
    exec("def fidelity(xx, yy, zz): ...", names)
    with pytest.raises(qn.ParameterError):
        asked.answer(names["fidelity"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import time; time.sleep(1e6)", "in line 2"),
        ("return bytearray(5 * 10**8)", "MiB"),
        ("import os; os._exit(0)", "status 0"),
    ],
)
def test_what_goes_beyond_its_limits_is_stopped(body, said):
    with pytest.raises(qn.AnswerError) as error:
        task(NAME).check(f"def fidelity(xx, yy, zz):\n    {body}\n", Limits(1, 64))
    assert said in str(error.value) and "\n" not in str(error.value)


FORKS = """import os
os.fork()
def fidelity(xx, yy, zz):
    os.fork()
    if os.fork() == 0:
        raise ValueError
    signs = [2 * (c.get("00", 0) + c.get("11", 0)) / sum(c.values()) - 1 for c in (xx, yy, zz)]
    return (1 + signs[0] - signs[1] + signs[2]) / 4
"""


def test_an_answer_that_forks_is_judged_once():
    assert task(NAME).check(FORKS).passed


def test_an_answer_that_prints_for_ever_is_stopped_in_its_line(capfd):
    verdict = task(NAME).check("def fidelity(xx, yy, zz):\n    while True:\n        print('x' * 10_000)\n")
    assert [check.name for check in verdict.failed] == ["runs"] and "line 3" in verdict.failed[0].got
    assert 2**12 < len(capfd.readouterr().err) < 2**16


@pytest.mark.parametrize("values", [{"seconds": 0}, {"memory_mib": 1}, {"seconds": 1.5}])
def test_limits_are_checked(values):
    with pytest.raises(qn.ParameterError):
        Limits(**values)


def test_a_verdict_displays_itself_and_follows_from_its_checks():
    checks = Check("<a>", True, "1", "1"), Check("b", False, "2", "3", "Count & think.")
    verdict = Verdict.of("t/t", checks)
    assert not verdict.passed and verdict.failed == checks[1:]
    assert eval(repr(verdict)) == verdict == Verdict.from_dict(verdict.to_dict())
    page = verdict._repr_html_()
    assert "&lt;a&gt;" in page and "Count &amp; think." in page and "fail" in page
    assert "Count & think." in str(verdict)
    for wrong in (lambda: Verdict(True, checks), lambda: Verdict(True, ()), lambda: Check("c", False)):
        with pytest.raises(qn.ParameterError):
            wrong()
