"""``qnet teach``: what it prints, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qnet_circuits.teaching.judging import judge
from qnet_circuits.teaching.registry import task, tasks
from tests.teaching.test_answers import answers

NAME = "teleportation/corrections"
RIGHT = answers(task(NAME), "right")["by hand"]
WRONG = answers(task(NAME), "wrong")["results exchanged"][0]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "my_answer.py"


@pytest.fixture
def in_process(monkeypatch):
    """Judge in this process, which knows no limits and takes no seconds."""
    monkeypatch.setattr(
        "qnet_circuits.teaching.exercise.judged",
        lambda name, student, source, limits: judge(task(name, student), source),
    )


def test_list_and_show(qnet):
    assert json.loads(qnet("teach", "list", "--json")[1])["tasks"] == [
        {"task": name, "lesson": task(name).lesson, "title": task(name).title} for name in tasks()
    ]
    code, out, err = qnet("teach", "list")
    assert (code, err) == (0, "") and all(name in out for name in tasks())
    code, out, _ = qnet("teach", "show", NAME)
    assert code == 0 and task(NAME).text in out
    assert qnet("teach", "show", NAME, "--starter")[1].strip() == task(NAME).starter.strip()
    shown = json.loads(qnet("teach", "show", NAME, "--student", "ada", "--json")[1])
    assert (shown["student"], shown["function"]) == ("ada", "corrections") and shown["limits"][
        "seconds"
    ] == 10


def test_the_acceptance_command_names_the_mistake(qnet, file):
    file.write_text(WRONG)
    code, out, err = qnet("teach", "check", NAME, file)
    assert (code, err) == (1, "") and "FAIL  process fidelity: got 0.5000" in out and "exchanged?" in out
    page = (Path(__file__).parents[2] / "docs" / "teaching.md").read_text()
    shown = page.split("```text\n")[1].split("  ...")[0]
    assert out.startswith(shown), "docs/teaching.md shows what the command prints"


def test_check_prints_one_object(qnet, file, in_process):
    file.write_text(RIGHT)
    code, out, _ = qnet("teach", "check", NAME, file, "--json")
    found = json.loads(out)
    assert code == 0 and found["passed"] and (found["task"], found["student"]) == (NAME, "student")
    assert set(found["checks"][0]) == {"name", "passed", "got", "wanted", "hint"}
    file.write_text(WRONG)
    code, out, _ = qnet("teach", "check", NAME, file, "--json")
    assert code == 1 and not json.loads(out)["passed"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "nothing/here"),
        ("check", "nothing/here", "FILE"),
        ("check", NAME, "nowhere.py"),
        ("watch", NAME, "nowhere.py"),
        ("check", NAME, "FILE", "--seconds", "0"),
        ("check", NAME, "FILE", "--student", " "),
        ("show", NAME, "--json", "--starter"),
        ("check", NAME),
        ("teach",),
    ],
)
def test_wrong_input_is_one_line_and_status_2(qnet, file, arguments):
    file.write_text(RIGHT)
    code, out, err = qnet("teach", *(str(file) if each == "FILE" else each for each in arguments))
    assert (code, out) == (2, "") and err.startswith("qnet: ") and err.count("\n") == 1


def test_an_answer_that_loops_for_ever_is_one_line_and_status_2(qnet, file):
    loop = "    while True:\n        try:\n            xx = 1 + 1\n        except BaseException:\n            pass\n"
    file.write_text("def fidelity(xx, yy, zz):\n" + loop)
    before = time.monotonic()
    code, out, err = qnet("teach", "check", "bell-pair/fidelity", file, "--seconds", "1")
    assert (code, out) == (2, "") and "more than 1 s" in err and err.count("\n") == 1
    assert time.monotonic() - before < 100, "it was stopped from within, before the last resort"


def test_watch_checks_what_is_saved_until_ctrl_c(file):
    name = "bell-pair/fidelity"
    file.write_text(task(name).starter)
    command = [sys.executable, "-m", "qnet_circuits.cli.main", "teach", "watch", name, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert "not yet" in watching.stdout.readline()
        file.write_text(answers(task(name), "right")["correlators"])
        os.utime(file, (time.time() + 5,) * 2)
        assert any(line == f"{name}: passed\n" for line in watching.stdout)
        watching.send_signal(signal.SIGINT)
        try:
            assert (watching.wait(60), watching.stderr.read()) == (130, "qnet: interrupted\n")
        finally:
            watching.kill()  # else leaving the block would wait for ever for a process that did not end
