"""``qnet keys``: two processes on this machine make a key, and what cannot be used is named in one line."""

import json
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from qnet_circuits.qkd.delivery.store import KeyStore
from qnet_circuits.qkd.hosts.detector_files import DetectorFile
from qnet_circuits.qkd.hosts.trial import prepare
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.key_pool import KeyPool
from tests.qkd.postprocessing.records import records

ROOT = Path(__file__).parents[2]
RULES = SessionParameters(tolerance=0.03)
#: Bob, who is killed before his fourth question.
DYING = """
import os, signal, sys
from qnet_circuits.cli.main import main
from qnet_circuits.qkd.postprocessing.wire import Connection

def request(self, message, left=[4], ask=Connection.request):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return ask(self, message)

Connection.request = request
main(sys.argv[1:])
"""


def measure(home, rng):
    """Write new records of both parties."""
    for party, record in zip(("alice", "bob"), records(rng, 20_000), strict=True):
        (home / f"{party}.csv").write_bytes(DetectorFile(record, RULES, "both are tests").to_bytes())


@pytest.fixture
def home(tmp_path, rng):
    """A directory with both parties' files and records."""
    prepare(tmp_path / "trial", applications=["app"])
    measure(tmp_path / "trial", rng)
    return tmp_path / "trial"


def arguments(home, party, address, *more):
    where = ["--listen" if party == "alice" else "--connect", address]
    return ["keys", party, *where, "--home", home / party, "--record", home / f"{party}.csv", "--json", *more]


def started(*given, code=("-m", "qnet_circuits.cli.main")):
    command = [sys.executable, *code, *map(str, given)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def waiting(*given):
    """Return Alice's process and her address, once she waits."""
    alice = started(*given)
    line = alice.stderr.readline()
    return alice, re.fullmatch(r"qnet: waiting for the peer at (\S+:\d+)\n", line).group(1)


def ended(process):
    """Return the exit status of a process, its JSON and its lines on stderr."""
    out, err = process.communicate(timeout=60)
    return process.returncode, json.loads(out) if out else None, err.splitlines()


def test_the_lines_of_the_readme_make_one_key_in_two_processes(qnet, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [block] = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    lines = [line.split("#")[0].strip() for line in re.split(r"\n|;", block.strip())]
    *before, alice, bob = [shlex.split(line)[1:] for line in lines]
    for command in before:
        assert qnet(*command)[0] == 0
    address = alice[alice.index("--listen") + 1]
    assert bob[bob.index("--connect") + 1] == address and alice[1:4] == ["alice", "--home", "trial/alice"]
    alice, where = waiting(*(each.replace(address, "127.0.0.1:0") for each in alice), "--json")
    bob = started(*(each.replace(address, where) for each in bob), "--json")
    (code, hers, said), (status, his, heard) = map(ended, (alice, bob))
    assert (code, status, said, heard) == (0, 0, *[["qnet: the peer is connected"]] * 2)
    assert (hers["party"], his["party"], hers["aborted"], his["aborted"]) == ("alice", "bob", None, None)
    assert hers["fingerprint"] == his["fingerprint"] and hers["key_length"] == his["key_length"] > 1000
    assert hers["ledger"] == his["ledger"] and hers["ledger"]["net_key"] == hers["key_length"]
    assert hers["stored"] == his["stored"] == [hers["session"]] and "one controller" in hers["notes"][0]
    assert hers["demonstration"] and hers["pool"] == his["pool"] and hers["pool"]["used"] == 96
    for party, peer in (("alice", "bob"), ("bob", "alice")):
        store = KeyStore(f"trial/{party}-keys", party, peer)
        # Each host gives half of the key, but for 16 bytes that prove names.
        assert store.left(1, "app") == (hers["key_length"] // 8 + (party == "bob")) // 2 - 16
        assert store.refusal is None
        store.close()
        with KeyPool.open(f"trial/{party}/pool") as pool:
            assert not pool.collect(), "the store has the key"


def test_a_killed_peer_leaves_no_key_and_the_next_session_on_new_records_has_one(home, qnet, rng):
    alice, address = waiting(*arguments(home, "alice", "127.0.0.1:0", "--store", home / "keys"))
    bob = started(*arguments(home, "bob", address), code=("-c", DYING))
    code, result, said = ended(alice)
    assert ended(bob)[0] == -signal.SIGKILL
    assert (code, result["key_length"], result["fingerprint"]) == (1, 0, None)
    assert result["aborted"].startswith("cut: ") and said == ["qnet: the peer is connected"]
    store = KeyStore(home / "keys", "alice", "bob")
    assert store.refusal == result["aborted"], "applications are told why there is no key"
    store.close()
    alice, address = waiting(*arguments(home, "alice", "127.0.0.1:0"))
    code, out, _ = qnet(*arguments(home, "bob", address))
    assert {code, ended(alice)[0]} == {1} and json.loads(out)["aborted"].startswith("record: ")
    measure(home, rng)
    alice, address = waiting(*arguments(home, "alice", "127.0.0.1:0"))
    code, out, _ = qnet(*arguments(home, "bob", address))
    assert (code, json.loads(out)["fingerprint"]) == (0, ended(alice)[1]["fingerprint"])


def test_ctrl_c_ends_the_wait_in_one_line(home):
    alice, _ = waiting(*arguments(home, "alice", "127.0.0.1:0"))
    alice.send_signal(signal.SIGINT)
    assert ended(alice) == (130, None, ["qnet: interrupted"])


def test_init_makes_files_that_only_their_owner_may_read(qnet, tmp_path):
    code, out, err = qnet("keys", "init", tmp_path / "trial", "--application", "app", "--json")
    made = json.loads(out)
    assert (code, err, made["applications"]) == (0, "", ["app"])
    files = [os.path.join(base, name) for base, _, names in os.walk(tmp_path / "trial") for name in names]
    assert stat.S_IMODE((tmp_path / "trial").stat().st_mode) == 0o700
    assert len(files) == 13 and all(stat.S_IMODE(os.stat(file).st_mode) == 0o600 for file in files)
    with (
        KeyPool.open(tmp_path / "trial/alice/pool") as hers,
        KeyPool.open(tmp_path / "trial/bob/pool") as his,
    ):
        assert (hers.owner, his.owner, hers.name) == (
            "alice",
            "bob",
            his.name,
        ) and hers.left == his.left == 8 * 96
    code, out, err = qnet("keys", "init", tmp_path / "trial")
    assert (code, out) == (2, "") and "exists" in err
    for wrong in (("--sessions", "0"), ("--days", "0"), ("--application", "")):
        code, out, err = qnet("keys", "init", tmp_path / "new", *wrong)
        assert (code, out) == (2, "") and not (tmp_path / "new").exists(), wrong


def test_record_writes_a_file_for_its_owner_alone(qnet, tmp_path):
    assert qnet("run", "bb84", "--set", "pulses=60", "--out", tmp_path / "run")[0] == 1
    file = tmp_path / "alice.csv"
    command = ("keys", "record", tmp_path / "run", "--party", "alice", "--out", file, "--json")
    code, out, err = qnet(*command)
    assert (code, err, json.loads(out)["rounds"]) == (0, "", 60) and "one controller" in json.loads(out)[
        "note"
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and file.read_text().count("\n") == 6 + 60
    code, out, err = qnet(*command)
    assert (code, out) == (2, "") and "nothing is overwritten" in err


def test_alice_does_not_wait_with_what_she_cannot_use(home, qnet):
    for wrong in (("--peer", home / "bob.csv"), ("--timeout", "nan"), ("--listen", "1.2.3.4:0")):
        code, out, err = qnet(*arguments(home, "alice", "127.0.0.1:0"), *wrong)
        assert (code, out, err.count("\n")) == (2, "", 1), err


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["--pool", "nowhere"], "nowhere is no pool"),
        (["--pool", "HOME/alice/pool"], "alice's copy"),
        (["--pool", "HOME/bob/key.pem"], "is no pool"),
        (["--record", "nowhere"], "nowhere cannot be read"),
        (["--record", "HOME/bob/cert.pem"], "no file of detectors"),
        (["--cert", "nowhere"], "nowhere and"),
        (["--peer", "HOME/bob.csv"], "bob.csv cannot be used"),
        (["--connect", "nowhere"], "HOST:PORT"),
        (["--connect", "127.0.0.1:1"], "nobody listens"),
        (["--set", "tolerence=0.1"], "tolerance"),
        (["--set", "tolerance=x"], "tolerance"),
        (["--set", "tolerance=0.9"], "tolerance"),
        (["--timeout", "0"], "timeout"),
        (["--store", "HOME/bob/pool"], "pool"),
    ],
)
def test_what_cannot_be_used_is_named_in_one_line(changes, said, home, qnet):
    given = arguments(home, "bob", "127.0.0.1:1", "--timeout", "0.01")
    before = (home / "bob/pool").read_bytes()
    code, out, err = qnet(*given, *(each.replace("HOME", str(home)) for each in changes))
    assert (code, out) == (2, "") and said in err.splitlines()[-1]
    assert all(line.startswith("qnet: ") for line in err.splitlines()) and len(err.splitlines()) <= 2
    assert (home / "bob/pool").read_bytes() == before, "no session had begun"
