"""The documents do what they say: code in the README and in docs/ is run."""

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from qnet_circuits.cli.main import main
from qnet_circuits.teaching import tasks
from tests.platform.server import PlatformServer
from tests.support.programs import own_protocols

ROOT = Path(__file__).parents[1]
#: Files whose code registers a protocol: it runs in a process of its own, which takes seconds to import what is here already.
APART = ("docs/add-a-protocol.md",)
#: It reads the calibrations of all stand-in devices, which takes ten seconds, and is run by tests/cli/test_devices.py.
ELSEWHERE = "qnet devices"


def _blocks(file, language):
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / file).read_text(), re.M | re.S)


@pytest.mark.parametrize(
    "file",
    [
        "README.md",
        "docs/add-a-protocol.md",
        "docs/any-circuit.md",
        "docs/beyond-calibrations.md",
        "docs/delivery.md",
        "docs/howto.md",
        "docs/keys.md",
        "docs/repeaters.md",
        "docs/sweeps.md",
        "docs/teaching.md",
    ],
)
def test_python_blocks_run(file, tmp_path, monkeypatch):
    script = tmp_path / "blocks.py"
    script.write_text("\n".join(_blocks(file, "python")))
    monkeypatch.chdir(tmp_path)
    if file in APART:
        done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    else:
        runpy.run_path(str(script), run_name="__main__")
        plt.close("all")


def _commands(file):
    lines = [line for block in _blocks(file, "console") for line in block.splitlines()]
    return [line.split("#")[0].strip() for line in lines if line.startswith("qnet ")]


def _run(commands, capsys):
    """Run command lines in this process, where a warning is an error, and check that nothing is said on stderr."""
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            main(command.split()[1:])
        err = capsys.readouterr().err
        assert (ended.value.code, err) == (0, ""), f"{command}: {err}"
    plt.close("all")


@pytest.mark.parametrize(("file", "number"), [("README.md", 4), ("docs/howto.md", 25)])
def test_command_lines_run(file, number, tmp_path, monkeypatch, capsys):
    commands = _commands(file)
    assert len(commands) >= number
    monkeypatch.chdir(tmp_path)
    _run([command for command in commands if command != ELSEWHERE], capsys)


def test_the_command_is_installed(tmp_path):
    done = subprocess.run(
        [str(Path(sys.executable).parent / "qnet"), *_commands("README.md")[0].split()[1:]],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "") and "teleportation" in done.stdout


def _lines(file, language):
    return [line for block in _blocks(file, language) for line in block.splitlines() if line]


@pytest.fixture
def beside_stored_runs(tmp_path, monkeypatch):
    """Work in a directory with a copy of the stored runs."""
    shutil.copytree(ROOT / "hardware_runs", tmp_path / "hardware_runs")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("file", "language", "jobs"),
    [("docs/processor.md", "text", 4), ("hardware_runs/README.md", "console", 1)],
)
@pytest.mark.usefixtures("beside_stored_runs")
def test_command_lines_that_need_an_account_run_on_the_stand_in(file, language, jobs, capsys):
    commands = [line for line in _lines(file, language) if " made/" not in line]
    assert len([command for command in commands if "ibm:ibm_kingston" in command]) >= 2
    # What the lines print is not looked at: without noise, on a tenth of the qubits, a chip takes no time.
    with PlatformServer(["FakeGuadalupeV2"], noisy=False).in_environment() as platform:
        _run([command.replace("ibm_kingston", "ibm_guadalupe") for command in commands], capsys)
    assert len(platform.jobs.records) == jobs


@pytest.mark.slow
@pytest.mark.usefixtures("beside_stored_runs")
def test_command_lines_that_made_the_stored_runs_run(capsys):
    commands = [line for line in _lines("hardware_runs/README.md", "console") if " made/" in line]
    assert len(commands) >= 10
    _run(commands, capsys)


def test_makefile_has_the_targets_that_the_readme_names():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\S+)", (ROOT / "README.md").read_text(), re.M):
        assert re.search(rf"^{target}:", makefile, re.M)


def test_tasks_of_course_plans_exist():
    named = set(re.findall(r"`([a-z0-9-]+/[a-z0-9-]+)`", (ROOT / "docs/teachers.md").read_text()))
    assert len(named) >= 10 and named <= set(tasks())


def test_the_readme_names_every_protocol():
    table = (ROOT / "README.md").read_text().split("## Protocols")[1].split("\n## ")[0]
    assert own_protocols() <= set(re.findall(r"`([a-z0-9-]+)`", table))
