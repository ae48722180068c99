"""Where the command line prints to: full disks, readers that have gone, encodings; and what is not printed."""

import io
import json
import logging
import os
import subprocess
import sys
import warnings

import pytest

from qnet_circuits.cli.main import main
from tests.cli.test_commands import MY_FILE


def status(*arguments):
    with pytest.raises(SystemExit) as exit_:
        main(list(arguments))
    return exit_.value.code


@pytest.fixture
def gone():
    """A pipe whose reader has gone."""
    read, write = os.pipe()
    os.close(read)
    with open(write, "w") as stream:
        yield stream


@pytest.mark.parametrize("arguments", [("list",), ("--help",), ("run", "--help"), ("--version",)])
def test_a_full_disk_is_one_line_and_a_reader_that_has_gone_is_none(arguments, gone, monkeypatch, capsys):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert status(*arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("qnet: ") and err.count("\n") == 1 and "No space left" in err
    monkeypatch.setattr(sys, "stdout", gone)
    # As the shell says of a process that SIGPIPE ended; 1 would mean that a key was refused.
    assert (status(*arguments), capsys.readouterr().err) == (141, "")


def test_python_adds_nothing_when_it_ends():
    command = [sys.executable, "-m", "qnet_circuits.cli.main", "--version"]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == ("", 141)
    with open("/dev/full", "w") as full:
        assert subprocess.run([*command[:-1], "fly"], stderr=full).returncode == 2


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii"])
def test_an_encoding_that_lacks_a_character_loses_nothing(encoding, monkeypatch, capsys):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    assert (status("describe", "bb84"), capsys.readouterr().err) == (0, "")
    lacking = raw.getvalue().decode(encoding)
    monkeypatch.setattr(sys, "stdout", whole := io.StringIO())
    assert status("describe", "bb84") == 0
    assert not whole.getvalue().isascii()
    assert lacking == whole.getvalue().encode(encoding, "backslashreplace").decode(encoding)


NOISY = MY_FILE.replace(
    "        return bell",
    """
        import logging, warnings
        print("hello")
        warnings.warn("careful")
        logging.getLogger("mine").warning("careful")
        return bell""",
)


def test_a_success_prints_the_object_alone_whatever_libraries_and_protocols_say(tmp_path, capsys):
    (tmp_path / "noisy.py").write_text(NOISY)
    command = [
        sys.executable,
        "-m",
        "qnet_circuits.cli.main",
        "describe",
        f"{tmp_path}/noisy.py:Mine",
        "--json",
    ]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "hello\n")
    assert ended.stdout.count("\n") == 1 and json.loads(ended.stdout)["protocol"] == "mine"
    told = subprocess.run(
        [sys.executable, "-W", "default", *command[1:]],
        capture_output=True,
        text=True,
        env={**os.environ, "QISKIT_IBM_RUNTIME_LOG_LEVEL": "WARNING"},
    )
    # Who asks for warnings, or for the client's log, gets them.
    assert told.returncode == 0 and told.stderr.count("careful") >= 2


def test_what_the_command_line_silences_is_heard_again_afterwards(qnet, caplog):
    assert qnet("--version")[0] == 0
    logging.getLogger("mine").warning("careful")
    assert "careful" in caplog.text
    with pytest.warns(UserWarning, match="careful"):
        warnings.warn("careful", stacklevel=1)


INFINITE = MY_FILE.replace("= 1.0", "= 1.0\n    most: float = float('inf')")


@pytest.mark.parametrize(
    "arguments",
    [
        ("describe", "infinite.py:Mine"), ("run", "infinite.py:Mine", "--shots", "10"),
        ("cost", "teleportation", "--on", "aer:fake_manila", "--remaining", "inf"),
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_a_number_that_is_not_finite_is_null_in_the_object(arguments, tmp_path, monkeypatch, qnet):
    (tmp_path / "infinite.py").write_text(INFINITE)
    monkeypatch.chdir(tmp_path)
    code, out, _ = qnet(*arguments, "--json")
    plain = json.loads(out, parse_constant=pytest.fail)
    assert code == 0 and None in (*plain["parameters"].values(), plain.get("cost", {}).get("remaining", 0))
    code, out, err = qnet("run", "infinite.py:Mine", "--out", "run")
    assert (code, out, err.count("\n"), os.path.exists("run")) == (2, "", 1, False)


HOSTILE = "\x1b]0;mine\x07\x1b[2J\x9b31m\u202e\x7f\r"


@pytest.mark.parametrize("schema", [1, HOSTILE], ids=["readable", "newer"])
@pytest.mark.parametrize("command", ["status", "cancel", "fetch", "replay"])
def test_what_a_stored_file_says_moves_no_cursor(command, schema, tmp_path, qnet):
    directory = tmp_path / "run"
    assert qnet("run", "teleportation", "--shots", "10", "--seed", "1", "--out", str(directory))[0] == 0
    manifest = json.loads((directory / "manifest.json").read_text())
    manifest |= {"protocol": HOSTILE, "notes": [HOSTILE], "schema": schema}
    (directory / "manifest.json").write_text(json.dumps(manifest))
    code, out, err = qnet(command, str(directory))
    assert code == (0 if schema == 1 else 2) and "]0;mine" in out + err
    assert (out + err).replace("\n", "").isprintable()
