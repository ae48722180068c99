"""Progress of long work: whoever wants to know is told, and nobody else."""

import io
import json
import sys

import pytest
from qiskit_aer import AerSimulator

import qnet_circuits as qn
from qnet_circuits.backends.simulation import sampling
from qnet_circuits.runs import progress

CHAIN = qn.RepeaterChain(hops=2)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def small_calls(monkeypatch):
    monkeypatch.setattr(sampling, "CALL", 2e6)


def prepared(shots=500, **options):
    return qn.submit(
        CHAIN, "aer:fake_manila", shots=shots, seed=1, corrections="feedforward", predict=False, **options
    )


@pytest.mark.parametrize("mode", ["feedforward", "frame"])
def test_a_function_is_told_growing_numbers_that_end_at_the_total(mode, small_calls):
    told = []
    qn.run(
        CHAIN,
        "aer:fake_manila",
        shots=500,
        seed=1,
        corrections=mode,
        progress=lambda done, total: told.append((done, total)),
    )
    done = [done for done, _ in told]
    assert done == sorted(set(done)) and done[-1] == 1500
    assert {total for _, total in told} == {1500}
    assert len(told) >= 3 or mode == "frame"


def test_parts_that_were_kept_count_as_done(small_calls, monkeypatch, tmp_path):
    monkeypatch.setattr(sampling, "SHORT", 0)
    run = prepared(path=tmp_path / "run")

    def interrupt(done, total):
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.wait(interrupt)
    told = []
    qn.open_run(tmp_path / "run").wait(lambda done, total: told.append(done))
    assert told == sorted(told) and told[-1] == 1500


@pytest.mark.parametrize(
    ("asked", "terminal", "quiet", "told"),
    [
        (True, False, 2.0, True), (True, True, 2.0, True), (False, True, 0.0, False), (False, False, 0.0, False),
        (None, True, 0.0, True), (None, True, 1000.0, False), (None, False, 0.0, False),
    ],
)  # fmt: skip
def test_stderr_is_told_if_asked_or_a_terminal_that_waits(
    asked, terminal, quiet, told, small_calls, monkeypatch
):
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "QUIET_SECONDS", quiet)
    prepared().wait(asked)
    text = stream.getvalue()
    assert bool(text) == told
    if told:
        assert "of 1,500 shots" in text and "1,500 of 1,500" in text and "0 s left" in text
        # One line, written anew, ended once.
        assert text.count("\n") == 1 and text.endswith("\n") and text.startswith("\r")


def test_the_line_ends_when_the_work_fails(small_calls, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    real, calls = AerSimulator.run, []

    def sample(self, circuits, **options):
        calls.append(self)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, circuits, **options)

    monkeypatch.setattr(AerSimulator, "run", sample)
    with pytest.raises(KeyboardInterrupt):
        prepared().wait(True)
    assert stream.getvalue().endswith("\n")


def test_a_run_that_is_done_tells_nothing_more(small_calls):
    run, told = prepared(), []
    run.wait()
    run.result(progress=lambda *numbers: told.append(numbers))
    assert told == []


def test_the_command_line_with_json_writes_one_object_and_nothing_else(small_calls, monkeypatch, qnet):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    status, out, err = qnet("run", "repeater-chain", "--set", "hops=2", "--on", "aer:fake_manila", "--shots", "500",
                            "--corrections", "feedforward", "--json")  # fmt: skip
    assert status == 0 and err == ""
    assert out.count("\n") == 1 and json.loads(out)["shots"] == 500
