"""Files of detectors: they keep a record as it is, and a line that is something else is named."""

import numpy as np
import pytest

from qnet_circuits.errors import ParameterError
from qnet_circuits.qkd.hosts.detector_files import DetectorFile, read_detectors
from qnet_circuits.qkd.postprocessing.accounts import SessionParameters
from qnet_circuits.qkd.postprocessing.sifting import PartyRecord
from qnet_circuits.theory.decoy import Decoys

TITLE, COLUMNS = "# qnet-circuits record 1", "round,basis,bit"
GOOD = [TITLE, "# rounds: 9", COLUMNS, "1,0,1", "4,1,0", "9,254,1"]


def text(lines):
    return ("\n".join(lines) + "\n").encode()


def test_a_file_keeps_a_record_with_its_losses_and_rules(rng):
    rounds = 200_000  # Longer than what is read at once.
    seen = rng.random(rounds) < 0.3
    record = PartyRecord(rng.integers(0, 255, rounds), rng.integers(0, 2, rounds), seen)
    rules = SessionParameters(tolerance=0.02, schedule="opt(8)", public_counts=2, authentication=False)
    given = DetectorFile(record, rules, "one controller measured for both")
    found = read_detectors(given.to_bytes(), "file")
    assert (found.rules, found.note) == (rules, given.note)
    assert found.record.seen.tolist() == seen.tolist()
    for row in ("bases", "bits"):
        assert getattr(found.record, row)[seen].tolist() == getattr(record, row)[seen].tolist()


def test_a_file_keeps_the_intensities_of_a_laser(rng):
    seen, levels = rng.random(300) < 0.3, rng.integers(0, 3, 300)
    record = PartyRecord(rng.integers(0, 2, 300), rng.integers(0, 2, 300), seen, levels)
    rules = SessionParameters(decoys=Decoys((0.5, 0.1, 0.0), (0.7, 0.2, 0.1)))
    given = DetectorFile(record, rules)
    found = read_detectors(given.to_bytes(), "file")
    assert found.rules == rules and found.record.intensities[seen].tolist() == levels[seen].tolist()
    assert read_detectors(text(GOOD), "file").record.intensities is None
    for row in ("1,0,1", "1,0,1,3", "1,0,1,0,0"):
        with pytest.raises(ParameterError, match=r"line 4: a row is round,basis,bit,intensity"):
            read_detectors(text([TITLE, "# rounds: 9", f"{COLUMNS},intensity", row]), "file")
    with pytest.raises(ParameterError, match="decoys"):
        read_detectors(text([TITLE, "# rounds: 9", "# decoys: 0.5,0.1", COLUMNS]), "file")


@pytest.mark.parametrize("content", [text(GOOD), text(GOOD)[:-1], text(GOOD).replace(b"\n", b"\r\n")])
def test_ends_of_lines_do_not_matter(content):
    record = read_detectors(content, "file").record
    assert np.flatnonzero(record.seen).tolist() == [0, 3, 8] and record.bases[record.seen].tolist() == [
        0,
        1,
        254,
    ]
    assert record.bits[record.seen].tolist() == [1, 0, 1]


def test_all_rounds_may_be_lost():
    assert not read_detectors(text(GOOD[:3]), "file").record.seen.any()


@pytest.mark.parametrize(
    ("place", "line", "said"),
    [
        (3, "1,0,2", "line 4"),
        (4, "4,1", "line 5"),
        (4, "4,1,0,0", "line 5"),
        (5, "9,z,1", "line 6"),
        (4, "4, 1,0", "line 5"),
        (4, "-4,1,0", "line 5"),
        (4, "", "line 5"),
        (4, "1,1,0", "line 5"),
        (5, "10,0,1", "line 6"),
        (5, "9,255,1", "line 6"),
        (3, "0,0,1", "line 4"),
        (0, "# qnet-circuits record 2", "version '2'"),
        (0, "round", "no file of detectors"),
        (2, "round;basis;bit", "no file of detectors"),
        (1, "# rounds: 0", "number of all rounds"),
        (1, "# rounds: many", "number of all rounds"),
        (1, "rounds: 9", "line 2"),
        (1, "# rounds: 9\n# rounds: 10", "line 3"),
        (1, "# rounds: 9\n# tolerance: x", "tolerance"),
        (1, "# rounds: 9\n# tolerance: 0.7", "tolerance"),
        (1, "# rounds: 9\n# tolerence: 0.03", "tolerance"),
        (1, "# rounds: 9\n# sessions: 2", "sessions"),
    ],
)
def test_another_line_is_named(place, line, said):
    lines = [*GOOD[:place], line, *GOOD[place + 1 :]]
    with pytest.raises(ParameterError, match=said) as raised:
        read_detectors(text(lines), "alice.csv")
    assert "\n" not in str(raised.value)


def test_a_wrong_line_far_behind_and_a_missing_part_are_named():
    rows = [f"{number},0,1" for number in range(1, 60_001)]
    head = [TITLE, "# rounds: 60000", "# detected: 60000", COLUMNS]
    assert read_detectors(text([*head, *rows]), "file").record.seen.all()
    for wrong, said in (("59999,0,2", "line 60003: a row"), ("7,0,1", "line 60003: rounds must increase")):
        with pytest.raises(ParameterError, match=said):
            read_detectors(text([*head, *rows[:59_998], wrong, rows[-1]]), "file")
    with pytest.raises(ParameterError, match="59999 rows"):
        read_detectors(text([*head, *rows[:-1]]), "file")


def test_no_bit_is_shown():
    given = read_detectors(text(GOOD), "file")
    assert repr(given) == "<DetectorFile: <PartyRecord of 9 rounds, 3 detected>>"
    with pytest.raises(ParameterError) as raised:
        read_detectors(text([*GOOD[:5], "8,1,1x"]), "file")
    assert "1x" not in str(raised.value)
