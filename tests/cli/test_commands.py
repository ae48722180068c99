"""The command line: what it prints, and its exit statuses."""

import dataclasses
import json
import re

import matplotlib.pyplot as plt
import pytest

import qnet_circuits as qn
from qnet_circuits.programs.learning import STAGES
from qnet_circuits.protocols.bb84 import BB84


def test_run_prints_the_object_of_the_design(qnet):
    status, out, err = qnet(
        "run",
        "repeater-chain",
        "--set",
        "hops=3",
        "--on",
        "aer:fake_torino",
        "--shots",
        "4000",
        "--seed",
        "7",
        "--json",
    )
    assert (status, err) == (0, "")
    plain = json.loads(out)
    assert list(plain) == [
        "schema", "version", "protocol", "parameters", "backend", "corrections", "shots", "seed", "noise", "figures",
        "ideal", "theory", "predicted", "bounds", "resources", "layout", "copies", "provenance", "notes", "seconds",
    ]  # fmt: skip
    assert plain["protocol"] == "repeater-chain" and plain["parameters"] == {"hops": 3, "link_fidelity": 1.0}
    assert plain["corrections"] == "frame" and plain["shots"] == 4000 and plain["seed"] == 7
    fidelity = plain["figures"]["fidelity"]
    assert set(fidelity) == {"value", "low", "high", "level", "method", "n", "standard_error"}
    assert fidelity["high"] - fidelity["low"] < 0.03
    assert fidelity["n"] == 12000
    assert plain["resources"]["bell_pairs"] == 3 and plain["resources"]["classical_bits"] == 4
    assert len(plain["layout"][0]) == 6 and plain["copies"] is None


def test_run_prints_a_table_for_people(qnet):
    status, out, _ = qnet("run", "repeater-chain", "--set", "hops=2", "--shots", "100", "--seed", "1")
    assert status == 0
    assert "fidelity" in out and "ideal" in out and "entangled 0.5" in out and "95% interval" in out


def test_list_and_describe(qnet):
    status, out, _ = qnet("list")
    assert status == 0 and "repeater-chain" in out and "ghz" in out
    status, out, _ = qnet("describe", "repeater-chain", "--set", "hops=4")
    assert status == 0 and "hops=4" in out and "bell pairs: 4" in out
    assert json.loads(qnet("describe", "chsh", "--json")[1])["figures"] == ["s_value"]


def test_the_list_has_each_protocol_under_its_stage(qnet):
    plain = json.loads(qnet("list", "--json")[1])
    names = [name for group in plain["groups"].values() for name in group]
    assert names == list(plain["protocols"]) and set(names) == set(qn.protocol_names())
    stages = {name: stage for stage, group in plain["groups"].items() for name in group}
    for name in names:
        kind = qn.protocol_class(name)
        if kind.__module__.startswith("qnet_circuits."):
            assert stages[name] == kind.stage and kind.stage in STAGES
    assert json.loads(qnet("describe", "chsh", "--json")[1])["stage"] == "entanglement distribution"


@pytest.mark.parametrize("name", ["bb84", "bbm92", "e91", "chsh"])
def test_describe_says_what_is_announced_and_sifted(qnet, name):
    _, out, _ = qnet("describe", name)
    assert "basis" in next(line for line in out.splitlines() if "announced aloud" in line)
    assert ("sifting" in out) == (name != "chsh")


def test_describe_shows_no_python(qnet):
    for name in qn.protocol_names():
        _, out, _ = qnet("describe", name)
        for word in (">>>", "Raises:", "ClassVar", "None", "``", "{'", "Error"):
            assert word not in out, (name, word)


def test_out_and_replay(qnet, tmp_path):
    directory = str(tmp_path / "run")
    status, first, _ = qnet(
        "run",
        "repeater-chain",
        "--set",
        "hops=2",
        "--shots",
        "100",
        "--seed",
        "1",
        "--json",
        "--out",
        directory,
    )
    assert status == 0
    status, again, _ = qnet("replay", directory, "--json")
    assert status == 0
    assert json.loads(first)["figures"] == json.loads(again)["figures"]
    status, out, err = qnet("run", "repeater-chain", "--out", directory)
    assert (status, out) == (2, "") and directory in err


def test_keep_outcomes_and_plot(qnet, tmp_path):
    picture = tmp_path / "chain.png"
    status, out, _ = qnet(
        "run", "repeater-chain", "--set", "hops=2", "--shots", "100", "--seed", "1", "--json", "--keep-outcomes",
        "--plot", str(picture),
    )  # fmt: skip
    assert status == 0
    plain = json.loads(out)
    assert sum(plain["outcomes"]["zz"]["out"].values()) == 100
    joint = plain["counts"]["zz"]
    assert sum(joint.values()) == 100 and {len(key) for key in joint} == {
        5
    }  # two bits of out, and two of the station
    assert (
        sum(count for key, count in joint.items() if key.endswith("00"))
        == plain["outcomes"]["zz"]["out"]["00"]
    )
    assert picture.read_bytes().startswith(b"\x89PNG")


BUDGET = ("budget", "teleportation", "--on", "fake_kingston", "--corrections", "feedforward")


def test_budget_prints_the_object_of_the_design(qnet):
    status, out, err = qnet(
        *BUDGET, "--noise", "readout=false", "--figure", "fidelity_x", "--layout", "7,6,5", "--json"
    )
    assert (status, err) == (0, "")
    plain = json.loads(out)
    assert list(plain) == [
        "schema", "version", "protocol", "parameters", "backend", "corrections", "noise", "layout", "figure", "ideal",
        "value", "rows", "interaction", "notes",
    ]  # fmt: skip
    assert (plain["protocol"], plain["backend"], plain["figure"]) == (
        "teleportation", "exact:fake_kingston", "fidelity_x",
    )  # fmt: skip
    assert plain["layout"] == [[7, 6, 5]]
    assert plain["corrections"] == "feedforward" and plain["noise"]["readout"] is False
    assert [row["source"] for row in plain["rows"]] == ["gates", "waiting", "latency", "decisions", "zz"]
    whole = sum(row["alone"] for row in plain["rows"]) + plain["interaction"]
    assert whole == pytest.approx(plain["ideal"] - plain["value"], abs=1e-12)


def test_budget_prints_a_table_and_saves_a_picture(qnet, tmp_path):
    picture, before = tmp_path / "budget.png", plt.get_fignums()
    status, out, err = qnet(
        *BUDGET, "--set", "link_fidelity=0.9", "--layout", "3,4,5", "--plot", str(picture)
    )
    assert (status, err) == (0, "")
    assert out.startswith("fidelity of teleportation on fake_kingston, corrections: feedforward\n")
    assert all(
        f"\n{name}" in out for name in ("gates", "readout", "waiting", "latency", "links", "interaction")
    )
    assert picture.read_bytes().startswith(b"\x89PNG") and plt.get_fignums() == before


MY_FILE = """
from dataclasses import dataclass
from typing import ClassVar
import qnet_circuits as qn
from qnet_circuits.protocols.repeater_chain import bell_program

@dataclass(frozen=True)
class Mine(qn.Protocol):
    name: ClassVar[str] = "mine"
    fidelity: float = 1.0
    def program(self, rng):
        return bell_program(qn.Network.two_nodes(qn.Link(self.fidelity)))
"""


@pytest.mark.parametrize("name", ["repeater-chain", "bb84", "swap-transport"])
def test_a_network_is_read_of_a_file(name, qnet, tmp_path):
    from qnet_circuits.programs.link import Link
    from qnet_circuits.programs.network import Network

    file = tmp_path / "chain.json"
    network = Network.chain(2, Link(0.9))
    file.write_text(network.to_json())
    status, out, err = qnet("describe", name, "--set", f"network={file}")
    assert (status, err) == (0, "") and out == qnet(
        "describe", name, "--set", f"network={network.to_json()}"
    )[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"nodes": [', "chain.json: .*JSON"),
        (b'{"nodes": ["a", "b"], "links": [["a", "c", {}]]}', "chain.json: a link joins two nodes"),
        (b'{"nodes": ["a", {"name": "b", "memory_t1": 1, "memory_t2": 3}], "links": []}', "chain.json: .*T2"),
        (b"\xff\xfe", "chain.json.*not a text"),
        (None, "chain.json.*No such file"),
    ],
)
def test_a_malformed_network_file_is_one_line_and_status_2(content, message, qnet, tmp_path):
    file = tmp_path / "chain.json"
    if content is not None:
        file.write_bytes(content)
    status, out, err = qnet("run", "repeater-chain", "--set", f"network={file}")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert re.search(message, err)


def test_a_protocol_of_ones_own_file(qnet, tmp_path):
    file = tmp_path / "my_file.py"
    file.write_text(MY_FILE)
    status, out, err = qnet(
        "run", f"{file}:Mine", "--set", "fidelity=0.9", "--shots", "50", "--seed", "1", "--json"
    )
    assert (status, err) == (0, "")
    assert json.loads(out)["protocol"] == "mine"
    assert qnet("run", f"{file}:Yours")[0] == 2
    file.write_text("import nothing_of_the_kind")
    assert "nothing_of_the_kind" in qnet("run", f"{file}:Mine")[2]


LONG = "x" * 300


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "repeter-chain"], "protocol 'repeter-chain'.*: repeater-chain"),
        (["run", "repeater-chain", "--set", "hop=3"], "repeater-chain 'hop'.*: hops"),
        (["run", "repeater-chain", "--set", "hops"], "--set .*KEY=VALUE"),
        (["run", "repeater-chain", "--set", "hops=2", "--set", "hops=3"], "--set .*hops"),
        (["run", "repeater-chain", "--set", "hops=two"], "hops .*'two'"),
        (["run", "repeater-chain", "--set", "link_fidelity=1.2"], r"link fidelity .*\[0\.25, 1\].* 1\.2"),
        (["run", "repeater-chain", "--on", "qpu"], "backend 'qpu'"),
        (["run", "repeater-chain", "--on", "aer:"], "backend 'aer:'"),
        (["run", "repeater-chain", "--on", "aer:fake_kingstn"], "device 'fake_kingstn'"),
        (["run", "repeater-chain", "--shots", "0"], "shots .*1 to 100000000.* 0"),
        (["run", "repeater-chain", "--shots", "many"], "--shots.*'many'"),
        (["run", "repeater-chain", "--layout", "a,b"], "--layout .*auto"),
        (["run", "repeater-chain", "--copies", "0"], "copies .*1 to 1000.* 0"),
        (["run", "repeater-chain", "--copies", "all"], "copies .*'max'.*'all'"),
        (["run", "repeater-chain", "--copies", "2"], "copies .*device"),
        (["run", "teleported-cnot", "--on", "aer:fake_manila", "--copies", "3"], "copies=3 .*1 do"),
        (["run", "repeater-chain", "--on", "aer:fake_manila", "--worst-copy", "0.9"], "worst_copy .*copies"),
        (["run", "repeater-chain", "--layout", "0,1"], "layout .*device"),
        (["run", "repeater-chain", "--layout", "auto"], "layout .*device"),
        (["run", "repeater-chain", "--layout", "predicted", "--on", "exact"], "layout .*device"),
        (["predict", "repeater-chain", "--layout", "auto"], "layout .*device"),
        (["run", "repeater-chain", "--layout", ",".join(map(str, range(100)))], "layout .*device"),
        (["run", f"{LONG}.py:Mine"], LONG),
        (["run", "repeater-chain", "--out", LONG], "File name too long"),
        (["submit", "repeater-chain", "--on", "local:fake_torino", "--out", LONG], "File name too long"),
        (["run", "repeater-chain", "--on", f"aer:{LONG}.json"], LONG),
        (["status", LONG], LONG),
        (["devices", "fake_manila", "--save", f"{LONG}.json"], "File name too long"),
        (["run", "repeater-chain", "--on", "aer:fake_manila"], "6 wires"),
        (["run", "repeater-chain", "--on", "aer:fake_berlin", "--corrections", "feedforward"], "fake_berlin .*if_else"),
        (["run", "repeater-chain", "--corrections", "prayer"], "correction mode 'prayer'"),
        (["run", "repeater-chain", "--level", "1.5"], r"level .*1\.5"),
        (["run", "repeater-chain", "--plot", "picture.xyz"], r"--plot .*picture\.xyz"),
        (["run", "repeater-chain", "--plot", "/nowhere/at/all.png"], r"--plot .*/nowhere/at/all\.png"),
        (["run", "repeater-chain", "--keep-outcomes"], "--keep-outcomes|--json"),
        (["run", "repeater-chain", "--set", 'network={"nodes": ["a b", "c"], "links": []}'], "a b"),
        (["run", "repeater-chain", "--set", 'network={"nodes": ['], "JSON"),
        (["run", "repeater-chain", "--speed", "9"], "--speed"),
        (["run", "nothing.py:Mine"], r"nothing\.py"),
        (["run", "teleportation", "--set", "state=" + "[" * 100_000], "state|nested"),
        (["run", "teleportation", "--set", "state=[true, false]"], "state .*True, False"),
        (["run"], "'NAME'"),
        (["fly"], "'fly'"),
        (["replay", "/nowhere"], "/nowhere"),
        (["describe", "repeater-chain", "--set", "hops=0"], "hops .* 0"),
        (["budget", "teleportation"], r"device.*\(--on fake_kingston\)"),
        (["budget", "teleportation", "--on", "ideal"], "device"),
        (["budget", "teleportation", "--on", "fake_kingston", "--figure", "fid"], "figure 'fid'.*fidelity"),
        (["budget", "teleportation", "--on", "fake_kingston", "--noise", "idl=false"], "source of noise 'idl'"),
        (["budget", "teleportation", "--on", "fake_kingston", "--plot", "b.xyz"], r"--plot .*b\.xyz"),
        (["budget", "teleportation", "--on", "fake_kingston", "--memory-gib", "1e-9"], "--memory-gib"),
        (["budget", "teleportation", "--on", "fake_kingston", "--shots", "9"], "--shots"),
        (["layouts", "teleportation"], r"device.*\(--on fake_kingston\)"),
        (["layouts", "teleportation", "--on", "fake_kingston", "--seeds", "0"], "seeds .*0"),
        (["layouts", "teleportation", "--on", "fake_kingston", "--figure", "fid"], "figure 'fid'.*fidelity"),
        (["run", "teleportation", "--on", "ibm:ibm_torino"], "qnet submit teleportation --on ibm:ibm_torino --max-qpu-seconds"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_line_and_status_2(qnet, arguments, message):
    status, out, err = qnet(*arguments)
    assert (status, out) == (2, "")
    assert re.search(message, err)
    assert err.count("\n") == 1 and "Traceback" not in err


@pytest.mark.parametrize("verb", ["run", "fetch", "replay", "predict", "budget"])
@pytest.mark.parametrize("option", ["--plot", "--key-out"])
@pytest.mark.parametrize("place", ["x" * 300, "directory", "file/within", "nowhere/within"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(
    verb, option, place, qnet, tmp_path, monkeypatch
):
    from qnet_circuits.runs import error_budget as budget
    from qnet_circuits.runs import run as runs
    from qnet_circuits.runs import verbs as running

    if option == "--key-out" and verb in ("predict", "budget"):
        return
    name = str(tmp_path / "run") if verb in ("fetch", "replay") else "ghz" if verb == "budget" else "bb84"
    running.submit(BB84(pulses=1000), path=tmp_path / "run")
    for owner, work in (
        (running, "submit"),
        (runs.Run, "wait"),
        (runs.Run, "result"),
        (budget, "error_budget"),
    ):
        monkeypatch.setattr(owner, work, lambda *arguments, **options: pytest.fail("it runs"))
    (tmp_path / "directory.png").mkdir()
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    target = f"{tmp_path}/{place}.png"
    status, out, err = qnet(verb, name, option, target)
    assert (status, out) == (2, "") and option in err and target in err and err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_picture_takes_the_place_of_one_and_a_refused_run_leaves_it(qnet, tmp_path):
    old, new = tmp_path / "old.png", tmp_path / "new.png"
    old.write_bytes(b"mine")
    for picture in (old, new):
        assert qnet("run", "ghz", "--set", "parties=0", "--plot", str(picture))[0] == 2
        assert qnet("run", "ghz", "--corrections", "prayer", "--plot", str(picture))[0] == 2
    assert old.read_bytes() == b"mine" and not new.exists()


def test_help_lists_each_command_in_one_whole_line_and_every_exit_status(qnet):
    status, out, _ = qnet("--help")
    told, listed = out.split("Commands:\n")
    lines = listed.splitlines()
    assert (
        status == 0 and len(lines) == 19 and all(line.endswith(".") and "..." not in line for line in lines)
    )
    assert [code for code in (0, 1, 2, 3, 4, 130) if f"\n    {code} " in told] == [0, 1, 2, 3, 4, 130]


def test_backend_failure_is_status_3_and_ctrl_c_130(qnet, monkeypatch):
    from qnet_circuits.backends import aer
    from qnet_circuits.errors import BackendError
    from qnet_circuits.runs import cost_estimate as costing

    def fail(self, ticket, progress, keep):
        raise BackendError("the simulator is on fire")

    monkeypatch.setattr(aer.AerBackend, "fetch", fail)
    assert qnet("run", "repeater-chain")[::2] == (3, "qnet: the simulator is on fire\n")

    def interrupt(self, ticket, progress, keep):
        raise KeyboardInterrupt

    monkeypatch.setattr(aer.AerBackend, "fetch", interrupt)
    monkeypatch.setattr(costing, "estimate_cost", lambda *arguments, **options: interrupt(*[None] * 4))
    for arguments in (("run", "repeater-chain"), ("cost", "ghz", "--on", "aer:fake_kingston")):
        status, out, err = qnet(*arguments)
        assert (status, out) == (130, "") and err.startswith("qnet: ") and err.count("\n") == 1


def test_compile_says_what_there_is_and_writes_it(qnet, tmp_path):
    ask = ("compile", "repeater-chain", "--set", "hops=2", "--on", "aer:fake_manila", "--layout", "0,1,2,3")
    status, out, err = qnet(*ask, "--export", str(tmp_path / "out"), "--json")
    assert (status, err) == (0, "")
    plain = json.loads(out)
    assert list(plain) == [
        "schema", "protocol", "parameters", "backend", "corrections", "circuits", "resources", "layout", "notes", "files",
    ]  # fmt: skip
    assert plain["circuits"] == ["xx", "yy", "zz"] and plain["layout"] == [[0, 1, 2, 3]]
    assert plain["files"] == [str(tmp_path / "out" / f"{name}.qasm") for name in plain["circuits"]]
    assert all(file.read_text().startswith("OPENQASM 3") for file in (tmp_path / "out").iterdir())
    status, out, _ = qnet(*ask)
    assert status == 0 and "layout 0, 1, 2, 3" in out and "circuits 3" in out
    for path in (str(tmp_path / "out"), str(tmp_path / "chain.qasm")):
        status, out, err = qnet(*ask, "--export", path)
        assert (status, out, err.count("\n")) == (2, "", 1) and path in err


def test_layouts_stand_beside_those_of_qiskit(qnet):
    ask = ("layouts", "repeater-chain", "--set", "hops=2", "--on", "fake_manila")
    status, out, err = qnet(*ask, "--json")
    assert (status, err) == (0, "")
    plain = json.loads(out)
    assert list(plain) == ["schema", "protocol", "parameters", "backend", "placements"]
    assert plain["placements"] == [
        dataclasses.asdict(row) for row in qn.compare_layouts(qn.RepeaterChain(hops=2), "fake_manila")
    ]
    status, out, _ = qnet(*ask)
    title, *rows = out.splitlines()
    assert (
        status == 0 and title.endswith("on exact:fake_manila") and len(rows) == 1 + len(plain["placements"])
    )
