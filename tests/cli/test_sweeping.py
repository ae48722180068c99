"""``qnet sweep``: what a sweep's file may say, what is printed, and how a sweep that was stopped goes on."""

import json
import re

import matplotlib.pyplot as plt
import pytest

import qnet_circuits as qn
from qnet_circuits.cli.main import main

COIN = """
from dataclasses import dataclass
from tests.sweeps.turned import SweptCoin

@dataclass(frozen=True)
class Penny(SweptCoin):
    "A coin of a file."
    name = "penny"
"""


@pytest.fixture
def qnet(capsys, tmp_path, monkeypatch):
    """Return what runs ``qnet sweep`` with a file of some lines, in a folder of its own, and returns how it ended."""
    monkeypatch.chdir(tmp_path)

    def call(text, *arguments):
        (tmp_path / "sweep.toml").write_text(text)
        with pytest.raises(SystemExit) as exit_:
            main(["sweep", "sweep.toml", *arguments])
        out, err = capsys.readouterr()
        return exit_.value.code, out, err

    return call


CHAINS = """
protocol = "repeater-chain"
path = "rows.jsonl"
backend = "exact"
[grid]
hops = [1, 2]
link_fidelity = [0.9, 0.95]
"""


def swept_before():
    """Make the rows beforehand, in this process."""
    chains = qn.grid(qn.RepeaterChain, hops=[1, 2], link_fidelity=[0.9, 0.95])
    return qn.sweep(chains, "exact", path="rows.jsonl", executor=1)


def test_a_file_of_protocols_is_swept_and_printed(qnet, tmp_path):
    (tmp_path / "penny.py").write_text(COIN)
    said = 'protocol = "penny.py:Penny"\npath = "rows.jsonl"\nshots = 50\nseed = 3\nlevel = 0.9\n[grid]\nangle = [0.1, 0.2]\n'
    status, out, err = qnet(said, "--workers", "1", "--json")
    assert (status, err) == (0, "")
    plain = json.loads(out)
    assert list(plain) == ["schema", "version", "path", "rows"] and plain["path"] == "rows.jsonl"
    assert [(row["protocol"], row["parameters"]["angle"], row["shots"]) for row in plain["rows"]] == [
        ("penny", 0.1, 50), ("penny", 0.2, 50),
    ]  # fmt: skip
    assert {row["figures"]["ones"]["level"] for row in plain["rows"]} == {0.9}
    assert [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()] == plain["rows"]


def test_rows_that_are_there_are_shown_and_drawn_at_once(qnet, tmp_path):
    rows, before = swept_before(), plt.get_fignums()
    status, out, err = qnet(CHAINS, "--plot", "rows.png")
    assert (status, err) == (0, "") and (tmp_path / "rows.png").stat().st_size > 1000
    assert out == f"{rows}\n" and plt.get_fignums() == before
    lines = out.splitlines()
    assert lines[0].split() == [
        "hops",
        "link_fidelity",
        "protocol",
        "backend",
        "figure",
        "value",
        "ideal",
        "theory",
    ]
    assert len(lines) == 5 and lines[1].split()[:2] == ["1", "0.9"]
    assert "zz" in qnet(CHAINS, "--figure", "zz")[1]


def test_parameters_noise_and_backends_are_what_they_are_in_python(qnet):
    made = qn.sweep(
        qn.RepeaterChain(network=qn.Network.chain(2, qn.Link(0.9))), ["exact:fake_manila", "exact:fake_quito"],
        path="rows.jsonl", executor=1, noise={"idle": False}, layout=[0, 1, 2, 3],
    )  # fmt: skip
    network = json.dumps(qn.Network.chain(2, qn.Link(0.9)).to_dict())
    said = (
        'protocol = "repeater-chain"\npath = "rows.jsonl"\n'
        'backend = ["exact:fake_manila", "exact:fake_quito"]\nlayout = [0, 1, 2, 3]\n'
        f"[parameters]\nnetwork = '{network}'\n[noise]\nidle = false\n"
    )
    status, out, err = qnet(said, "--json")
    assert (status, err) == (0, "") and json.loads(out)["rows"] == [*made]


def test_a_grid_names_options_too(qnet, tmp_path):
    made = qn.sweep(
        qn.grid(qn.RepeaterChain, hops=[1, 2]), "exact:fake_manila", path="rows.jsonl", executor=1,
        vary={"corrections": ["frame", "none"], "noise.idle": [True, False]}, noise={"readout": False},
    )  # fmt: skip
    said = (
        'protocol = "repeater-chain"\npath = "rows.jsonl"\nbackend = "exact:fake_manila"\n[noise]\nreadout = false\n'
        '[grid]\ncorrections = ["frame", "none"]\nhops = [1, 2]\nnoise.idle = [true, false]\n'
    )
    status, out, err = qnet(said, "--json")
    assert (status, err) == (0, "") and json.loads(out)["rows"] == [*made] and len(made) == 8
    status, out, err = qnet(said)
    assert out.split()[:3] == ["noise.idle", "corrections", "hops"] and len(out.splitlines()) == 9
    status, out, err = qnet(
        said.replace("noise.idle = [true, false]", "noise.idle = [true]"), "--plot", "rows.png"
    )
    assert (status, err) == (0, "") and (tmp_path / "rows.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (CHAINS.replace("backend", "backends"), [], "key in sweep.toml 'backends'.*backend"),
        (CHAINS.replace("path", "out"), [], "key in sweep.toml 'out'"),
        ('protocol = "repeater-chain"', [], "sweep.toml must have path"),
        (CHAINS.replace("[grid]", "[grid"), [], "sweep.toml is not a TOML"),
        (CHAINS.replace("hops", "hop"), [], "'hop'.*hops"),
        (CHAINS.replace("[1, 2]", "[1, 0]"), [], "hops .*got 0"),
        (CHAINS.replace("[1, 2]", "[]"), [], "hops is empty"),
        (f'{CHAINS}corrections = ["frame", "magic"]', [], "magic"),
        (f'corrections = "frame"{CHAINS}corrections = ["frame"]', [], "corrections .*once"),
        (f"{CHAINS}noise.idel = [true]", [], "idel"),
        (CHAINS.replace("[grid]", "[parameters]\nhops = 1\n[grid]"), [], "both have hops"),
        (CHAINS.replace("[grid]", "grid = 3\n[other]"), [], "other|grid"),
        ('protocol = "a"\npath = "r"\ngrid = 3', [], "grid in sweep.toml must be a table"),
        ('protocol = "a"\npath = "r"', [], "protocol 'a'"),
        ('protocol = "none.py:A"\npath = "r"', [], "none.py"),
        (CHAINS.replace('"exact"', '"exact"\nshots = "many"'), [], "shots .*many"),
        (CHAINS.replace('"exact"', '"exact"\nmax_qpu_seconds = 3'), [], "max_qpu_seconds"),
        (CHAINS.replace('"exact"', "3"), [], "by name.*3"),
        (CHAINS.replace('"exact"', '"ibm:ibm_kingston"'), [], "ibm_kingston is a processor"),
        (CHAINS.replace("rows.jsonl", "sweep.toml"), [], "line 1 of sweep.toml is not a row"),
        (CHAINS.replace("rows.jsonl", "sweep.toml/rows"), [], "sweep.toml/rows"),
        (CHAINS.replace("rows.jsonl", ""), [], "another path"),
        (CHAINS, ["--workers", "0"], "executor .*0"),
        (CHAINS, ["--plot", "rows.xyz"], "--plot"),
        ('protocol = "repeater-chain"\npath = "r"', ["--plot", "rows.png"], "--plot.*--x"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_line_and_status_2(text, arguments, message, qnet):
    status, out, err = qnet(text, *arguments)
    assert (status, out) == (2, "")
    assert re.search(message, err) and err.count("\n") == 1 and "Traceback" not in err


def test_a_figure_that_is_none_is_refused_when_the_rows_are_there(qnet):
    swept_before()
    status, out, err = qnet(CHAINS, "--figure", "beauty")
    assert (status, out) == (2, "") and re.search("figure 'beauty'.*fidelity", err)


def test_ctrl_c_says_how_to_go_on(qnet, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("qnet_circuits.runs.sweeps.work.wait", stop)
    status, out, err = qnet(CHAINS, "--workers", "1")
    assert (status, out) == (130, "")
    assert re.search(r"1 of 4 points are kept in rows.jsonl; continue with: qnet sweep sweep.toml", err)
    assert err.count("\n") == 1
