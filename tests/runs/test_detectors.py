"""One party's half of a run: the rounds that the table of a demonstration shows, and none of a run that gives no key."""

import numpy as np
import pytest

import qnet_circuits as qn
from qnet_circuits.errors import UnknownNameError, UnsupportedError
from qnet_circuits.qkd.hosts.detector_files import read_detectors

NUMBERS = {"Z": 0, "X": 1, "Y": 2, "Z+X": 3, "Z-X": 4}


@pytest.mark.parametrize(
    "protocol",
    [
        qn.BB84(pulses=400, tolerance=0.2),
        qn.E91(pairs=400, s_minimum=0.0),
        qn.BB84(pulses=300, eve="man-in-the-middle"),
    ],
    ids=["bb84", "e91", "two lines"],
)
def test_both_halves_are_those_of_the_table_of_rounds(protocol):
    run = qn.submit(protocol, seed=5)
    rows = run.result().rounds()
    for party, line in (("alice", "alice-eve"), ("bob", "eve-bob")):
        own = [row for row in rows if row.get("line", line) == line]
        given = read_detectors(run.detectors(party).to_bytes(), party)
        assert given.record.bases.tolist() == [NUMBERS[row[f"{party}_basis"]] for row in own]
        assert given.record.bits.tolist() == [row[f"{party}_bit"] for row in own]
        assert given.record.seen.tolist() == [row["use"] != "lost" for row in own]
        assert given.rules == protocol.rules and "one controller" in given.note


def test_both_files_of_a_stored_run_belong_together(tmp_path):
    qn.run(qn.BB84(pulses=400), path=tmp_path / "run")
    alice, bob = (qn.open_run(tmp_path / "run").detectors(party).record for party in ("alice", "bob"))
    same = alice.bases == bob.bases
    assert np.count_nonzero(same) > 100 and (alice.bits[same] == bob.bits[same]).all()
    assert not (alice.bits == bob.bits).all()


def test_what_gives_no_key_gives_no_records(tmp_path):
    run = qn.submit(qn.BB84(pulses=50), path=tmp_path / "run")
    with pytest.raises(UnknownNameError, match="eve"):
        run.detectors("eve")
    run.result()
    with pytest.raises(UnsupportedError, match="parameters"):
        qn.open_run(tmp_path / "run", protocol=qn.BB84(pulses=50, tolerance=0.2)).detectors("alice")
    (tmp_path / "run" / "secret.bin").unlink()
    with pytest.raises(UnsupportedError, match=r"secret\.bin is missing"):
        qn.open_run(tmp_path / "run").detectors("alice")
    with pytest.raises(UnsupportedError, match="no key distribution of two parties"):
        qn.submit(qn.Teleportation(), shots=10).detectors("alice")
    with pytest.raises(UnsupportedError, match="bell"):
        qn.submit(qn.E91(pairs=100, eve="intercept-resend:1.0"), seed=1).detectors("bob")
    with pytest.raises(UnsupportedError, match="without sampling"):
        qn.submit(qn.BB84(pulses=50), "exact").detectors("alice")
