"""A sweep does each point once, whatever happens meanwhile, and each row is what a run with its seed gives."""

import json
import os
import resource
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pytest
from filelock import FileLock

import qnet_circuits as qn
from qnet_circuits.errors import HeldError
from tests.sweeps.turned import Forgetful, SweptCoin

CHAINS = qn.grid(qn.RepeaterChain, hops=[1, 2], link_fidelity=[0.9, 0.95])
ASKED = {"shots": 50, "seed": 7}
#: The number of processes of which the calling one is the only one.
HERE = 1


class Counting(Executor):
    """Does at once what it is given; can die, before a batch or in its midst.

    Args:
        dies_at: The number of the batch at which it does.
    """

    def __init__(self, dies_at=None):
        self.points, self.batches, self.dies_at = [], 0, dies_at

    def submit(self, fn, /, *arguments, **more):
        self.batches += 1
        future = Future()
        if self.batches == self.dies_at:
            future.set_exception(BrokenExecutor("a process died"))
        else:
            self.points += json.loads(arguments[0])
            future.set_result(fn(*arguments, **more))
        return future


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def swept(path, executor, protocols=CHAINS, backend="aer", **options):
    return qn.sweep(protocols, backend, path=path, executor=executor, **{**ASKED, **options})


def check_whole(path, rows):
    """Check that each row is in the file once, and that the file ends with a whole line."""
    ids = [row["id"] for row in lines_of(path)]
    assert sorted(ids) == sorted({*ids}) == sorted(row["id"] for row in rows)
    assert path.read_bytes().endswith(b"}\n")


def test_each_row_is_what_a_run_with_its_seed_gives(path):
    rows = swept(
        path, HERE, backend=["aer:fake_manila", "exact:fake_manila"], protocols=CHAINS[:2], shots=None
    )
    assert [(row["backend"], row["parameters"]["link_fidelity"]) for row in rows] == [
        (backend, fidelity)
        for backend in ("aer:fake_manila", "exact:fake_manila")
        for fidelity in (0.9, 0.95)
    ]
    for row, chain in zip(rows, [*CHAINS[:2]] * 2, strict=True):
        seed = {} if row["backend"].startswith("exact") else {"seed": row["seed"]}
        again = qn.run(chain, row["backend"], **seed).to_dict()
        for key in ("figures", "ideal", "theory", "predicted", "noise", "layout", "notes"):
            assert row[key] == again[key]
    assert rows[0]["seed"] != rows[1]["seed"]
    check_whole(path, rows)


def test_the_same_call_again_does_only_what_is_missing(path):
    first, second, third = Counting(), Counting(), Counting()
    some = swept(path, first, CHAINS[:3])
    more = swept(path, second, CHAINS[1:])
    assert (len(first.points), len(second.points)) == (3, 1)
    assert list(swept(path, third)) == [some[0], *more] and third.batches == 0
    assert list(qn.SweepRows.read(path)) == lines_of(path) == [*some, more[-1]]


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 8}, {"shots": 51}, {"level": 0.9}, {"predict": True}, {"corrections": "none"}, {"optimization_level": 1},
        {"controls": True}, {"backend": "ideal"}, {"backend": "aer:fake_manila"}, {"protocols": CHAINS[1]},
        {"protocols": qn.EntanglementSwapping(link_fidelity=0.9)},
    ],
)  # fmt: skip
def test_whatever_a_row_depends_on_makes_another_point(other, path):
    (row,) = swept(path, HERE, CHAINS[0])
    (changed,) = swept(path, HERE, **{"protocols": CHAINS[0], **other})
    assert changed["id"] != row["id"] and changed["seed"] != row["seed"]
    assert len(lines_of(path)) == 2


def test_a_point_is_known_by_what_it_is_and_not_by_how_it_was_asked_for(path):
    noise = qn.DeviceNoise(idle=False)
    rows = swept(path, HERE, CHAINS[:1], ["aer:fake_manila"], noise=noise, seed=None, shots=4096)
    again = swept(
        path, Counting(), (CHAINS[0],), "aer:fake_manila", noise={"idle": False}, seed=0, shots=None
    )
    assert [row["id"] for row in again] == [row["id"] for row in rows]


def test_the_program_of_a_point_is_made_once_in_a_process(path, monkeypatch):
    made, program = [], qn.RepeaterChain.program
    monkeypatch.setattr(
        qn.RepeaterChain, "program", lambda chain, rng: made.append(chain) or program(chain, rng)
    )
    swept(path, HERE, CHAINS[:2])
    assert made == [*CHAINS[:2]]


def test_options_vary_as_parameters_do(path):
    vary = {"noise.feedforward_latency": [0.0, 1e-6], "corrections": ["frame", "feedforward"]}
    rows = swept(
        path, HERE, CHAINS[2:3], "exact:fake_manila", vary=vary, shots=None, noise={"readout": False}
    )
    asked = [(latency, mode) for latency in (0.0, 1e-6) for mode in ("frame", "feedforward")]
    found = [(row["noise"]["feedforward_latency"], row["corrections"]) for row in rows]
    assert found == asked and not any(row["noise"]["readout"] for row in rows)
    for (latency, mode), result in zip(asked, rows.results(), strict=True):
        noise = {"readout": False, "feedforward_latency": latency}
        assert result.figures == qn.predict(CHAINS[2], "fake_manila", noise=noise, corrections=mode).figures
    records = [each for each in rows.records() if each["figure"] == "fidelity"]
    assert [(each["noise.feedforward_latency"], each["corrections"]) for each in records] == asked
    assert "noise.readout" not in records[0] and records[1]["value"] > records[3]["value"]
    ax = rows.plot("noise.feedforward_latency", by="corrections")
    assert ax.get_legend_handles_labels()[1][:2] == ["corrections=frame", "corrections=feedforward"]


@pytest.mark.parametrize(
    ("vary", "options", "said"),
    [
        ({"corrections": ["frame"]}, {"corrections": "none"}, "corrections .*'none'.*once"),
        ({"noise.idle": [True]}, {"noise": {"idle": False}}, "idle .*False.*once"),
        ({"noise.idel": [True]}, {}, "idel"),
        ({"shots.few": [1]}, {}, "noise.*'shots.few'"),
        ({"corrections": []}, {}, "corrections is empty"),
        ({"corrections": ["magic"]}, {}, "magic"),
        ({"shots": range(1, 400), "seed": range(400)}, {}, "combinations"),
        ({"max_qpu_seconds": [3]}, {}, "max_qpu_seconds"),
        (["corrections"], {}, "vary .*corrections"),
    ],
)
def test_options_that_cannot_vary_are_refused_before_anything_runs(vary, options, said, path):
    with pytest.raises(qn.QnetError, match=said):
        qn.sweep(CHAINS, "aer", path=path, executor=Counting(), vary=vary, **options)
    assert not path.exists()


@pytest.mark.parametrize("left", [1, 30, 500, -1])
def test_a_torn_last_line_is_repaired(left, path):
    rows = swept(path, HERE, CHAINS[:2])
    first, second = path.read_bytes().splitlines(keepends=True)
    for whole, torn in ((first, second), (b"", first)):
        path.write_bytes(whole + torn[:left])
        again = swept(path, HERE, CHAINS[:2])
        assert [row["figures"] for row in again] == [row["figures"] for row in rows]
        check_whole(path, again)


@pytest.mark.parametrize(
    "content",
    [b"notes\n", b"notes", b'{"schema": 1}\n', b"[1]\n", b'{"schema": 9, "id": "a", "point": {}}\n', b"\0\0", b'{"a": 1}'],
)  # fmt: skip
def test_a_file_of_something_else_is_refused_and_left_as_it_is(content, path):
    path.write_bytes(content)
    with pytest.raises(qn.RecordError, match=f"{path.name}.*(another path|newer)"):
        swept(path, HERE, CHAINS[0])
    assert path.read_bytes() == content


def test_a_path_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for wrong in (tmp_path, tmp_path / "file" / "rows.jsonl", "/dev/null", "", ".", "/", "a\0b"):
        with pytest.raises(qn.RecordError, match="another path"):
            swept(wrong, HERE, CHAINS[0])


def test_one_process_at_a_time_works_on_a_file(path):
    rows = swept(path, HERE, CHAINS[:1])
    with FileLock(path.with_name(f".{path.name}.lock")), pytest.raises(HeldError, match="another process"):
        swept(path, HERE)
    assert list(qn.SweepRows.read(path)) == list(rows)


def test_a_full_disk_leaves_whole_rows_and_room_lets_the_sweep_go_on(path):
    size = len(json.dumps(swept(path, HERE, CHAINS[0])[0]))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(2.5 * size), hard))
    try:
        with pytest.raises(qn.RecordError, match="2 rows are kept: free some space"):
            swept(path, HERE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(lines_of(path)) == 2
    check_whole(path, swept(path, HERE))


def test_an_executor_that_dies_loses_nothing_that_was_done(path):
    dying = Counting(dies_at=3)
    with pytest.raises(qn.BackendError, match=r"BrokenExecutor.* 3 of 4 points are kept.*same command again"):
        swept(path, dying)
    assert len(lines_of(path)) == 3
    rest = Counting()
    check_whole(path, swept(path, rest))
    assert len(rest.points) == 1


def test_what_is_left_of_a_batch_when_its_time_is_up_is_done_later(path, monkeypatch):
    monkeypatch.setattr("qnet_circuits.runs.sweeps.workers.SLICE", 0.0)
    executor = Counting()
    coins = [SweptCoin(angle=k / 40) for k in range(40)]
    check_whole(path, swept(path, executor, coins, "ideal"))
    assert executor.batches == 40 < len(executor.points)


def test_ctrl_c_keeps_what_was_done_and_says_how_to_go_on(path):
    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"2 of 4 points are kept in .*rows.jsonl; the same call"):
        swept(path, HERE, progress=stop)
    told = []
    check_whole(path, swept(path, HERE, progress=lambda *counted: told.append(counted)))
    assert told == [(1, 2), (2, 2)]


def test_points_that_fail_do_not_keep_the_others_from_being_done(path):
    chains = qn.grid(qn.RepeaterChain, hops=[1, 9, 2, 8])
    with pytest.raises(
        qn.PointError, match=r"2 of 4 points failed; 2 of 4 .*hops=9.* on aer:fake_manila: .*qubits"
    ):
        swept(path, HERE, chains, "aer:fake_manila")
    assert [row["parameters"]["hops"] for row in lines_of(path)] == [1, 2]


def test_rows_of_a_protocol_that_was_changed_are_not_taken_for_those_of_today(path, monkeypatch):
    swept(path, HERE, SweptCoin(), "ideal")
    monkeypatch.setattr(SweptCoin, "turned", True)
    with pytest.raises(qn.RecordError, match=r"swept-coin\(angle=0.5\) with shots=50 on ideal.*another path"):
        swept(path, HERE, SweptCoin(), "ideal")
    assert len(lines_of(path)) == 1


def test_rows_of_another_calibration_are_not_taken_for_those_of_today(path, tmp_path):
    line, file = qn.line_device(3), tmp_path / "line.json"
    line.save(file)
    swept(path, HERE, CHAINS[0], f"aer:{file}")
    file.unlink()
    replace(line, qubits=(replace(line.qubits[0], t1=1e-5), *line.qubits[1:])).save(file)
    with pytest.raises(qn.RecordError, match=r"calibration.*another path"):
        swept(path, HERE, CHAINS[0], f"aer:{file}")


def test_a_process_with_another_version_of_the_protocol_does_not_run_it(path, monkeypatch):
    class Elsewhere(Counting):
        def submit(self, *arguments, **more):
            with monkeypatch.context() as there:
                there.setattr(SweptCoin, "turned", True)
                return super().submit(*arguments, **more)

    with pytest.raises(qn.PointError, match=r"other circuits.*same versions"):
        swept(path, Elsewhere(), SweptCoin(), "ideal")
    assert lines_of(path) == []


@dataclass(frozen=True)
class Scripted(SweptCoin):
    """One that says that it is of the script that runs."""


Scripted.__module__ = "__main__"


def _inner():
    @dataclass(frozen=True)
    class Inner(SweptCoin):
        pass

    return Inner()


@pytest.mark.parametrize(
    ("protocols", "backend", "said"),
    [
        ([], "ideal", "protocols"),
        (qn.RepeaterChain, "ideal", "protocols"),
        (3, "ideal", "protocols"),
        ("repeater-chain", "ideal", "protocols"),
        (Scripted(), "ideal", "Scripted.*separate module.*executor=1"),
        (_inner(), "ideal", "cannot be imported"),
        (Forgetful(), "ideal", "forgetful-coin.*from_parameters"),
        (SweptCoin(angle=float("nan")), "ideal", "swept-coin.*finite"),
        (CHAINS, qn.line_device(3), "by name.*snapshot"),
        (CHAINS, [], "number of points"),
        (CHAINS, "ibm:ibm_kingston", "processor.*max_qpu_seconds"),
        (CHAINS, "aer:fake_nowhere", "fake_nowhere"),
    ],
)
def test_what_cannot_be_swept_over_is_refused_before_anything_runs(protocols, backend, said, path):
    executor = Counting()
    with pytest.raises(qn.QnetError, match=said):
        swept(path, executor, protocols, backend)
    assert executor.batches == 0 and not path.exists()


@pytest.mark.parametrize("executor", [0, "two", True, 1.5])
def test_an_executor_that_is_none_is_refused(executor, path):
    with pytest.raises(qn.ParameterError, match="executor"):
        swept(path, executor)


def test_a_protocol_of_the_script_that_runs_can_stay_in_its_process(path, tmp_path, monkeypatch):
    import __main__

    monkeypatch.setattr(__main__, "Scripted", Scripted, raising=False)
    (row,) = swept(path, HERE, Scripted(), "ideal")
    with ThreadPoolExecutor(1) as threads:
        (other,) = swept(tmp_path / "others.jsonl", threads, Scripted(), "ideal")
    assert other["figures"] == row["figures"]


def test_a_grid_is_all_combinations_and_its_last_parameter_changes_fastest():
    grid = qn.grid("repeater-chain", hops=range(1, 3), link_fidelity=np.array([0.9, 0.95]))
    assert grid == CHAINS
    assert qn.grid(qn.RepeaterChain, hops=2) == (qn.RepeaterChain(hops=2),)


@pytest.mark.parametrize(
    ("protocol", "values"),
    [
        ("repeater", {}), (3, {}), (qn.RepeaterChain(), {}), (qn.RepeaterChain, {"hop": [1]}), (qn.RepeaterChain, {"hops": []}),
        (qn.RepeaterChain, {"hops": [0]}), (qn.RepeaterChain, {"hops": range(1000), "link_fidelity": range(1000)}),
    ],
)  # fmt: skip
def test_a_grid_that_is_none_is_refused(protocol, values):
    with pytest.raises(qn.ParameterError):
        qn.grid(protocol, **values)


def test_rows_are_tables(path):
    rows = swept(path, HERE, CHAINS[:2], "aer:fake_manila")
    records = rows.records()
    assert [record["figure"] for record in records] == [name for row in rows for name in row["figures"]]
    for record in records:
        row = next(row for row in rows if row["id"] == record["id"])
        assert record["hops"] == 1 and record["value"] == row["figures"][record["figure"]]["value"]
        assert record["predicted"] == row["predicted"].get(record["figure"])
    lines = rows.to_csv().splitlines()
    assert len(lines) == 1 + len(records) and lines[0].split(",") == list(records[0])
    assert [result.fidelity.value for result in rows.results()] == [
        row["figures"]["fidelity"]["value"] for row in rows
    ]
    assert [shown["link_fidelity"] for shown in rows.table()] == ["0.9", "0.95"]
    assert (rows[:1] + rows[1:]) == rows
    assert [shown["level"] for shown in rows.table()] == ["95 %"] * 2
    assert rows.to_latex().count(r"95 \%") == 2 and "link\\_fidelity" in rows.to_latex()
    with pytest.raises(qn.UnknownNameError):
        rows.table("beauty")


def test_a_data_frame_has_the_records_or_says_what_is_missing(path, monkeypatch):
    rows = swept(path, HERE, CHAINS[0])
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(qn.UnsupportedError, match="pip install pandas"):
        rows.to_dataframe()


def test_files_are_as_the_umask_has_them_and_rows_are_plain_json(path):
    swept(path, HERE, CHAINS[0])
    before = os.umask(0)
    os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o666 & ~before
    assert "NaN" not in path.read_text()
