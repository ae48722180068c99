"""``qnet show``: stories on the command line, of protocols and of stored runs."""

import json

import pytest

import qnet_circuits as qn

ASKED = ("--seed", "3", "--shots", "20")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Return the directory of a run with a seed, and its raw bits."""
    path = tmp_path_factory.mktemp("runs") / "teleportation"
    run = qn.submit(qn.Teleportation(), shots=20, seed=3, path=path)
    return path, run.raw()[0]


def test_show_tells_people_and_programs_the_same(qnet, tmp_path):
    page, picture = tmp_path / "story.html", tmp_path / "story.png"
    asked = (
        "show",
        "teleportation",
        "--set",
        "state=+",
        "--corrections",
        "feedforward",
        "--shot",
        "4",
        *ASKED,
    )
    status, out, err = qnet(*asked, "--html", str(page), "--plot", str(picture))
    assert (status, err) == (0, "")
    assert "alice sends" in out and "Who knows what in the end:" in out
    assert page.read_text().startswith("<!doctype html>") and page.stat().st_size < 300_000
    assert picture.stat().st_size > 1000
    plain = json.loads(qnet(*asked, "--json")[1])
    assert plain["corrections"] == "feedforward" and plain["shots"][0]["shot"] == 4 and plain["seed"] == 3
    assert all(event["text"] in out for event in plain["shots"][0]["events"] if event["kind"] != "wait")
    silent = json.loads(qnet(*asked, "--withhold", "--json")[1])
    assert not [event for event in silent["shots"][0]["events"] if event["kind"] == "message"]


def test_a_stored_run_tells_its_shots_and_stays_as_it_is(qnet, kept):
    path, raw = kept
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    status, out, err = qnet("show", str(path), "--shot", "5", "--circuit", "1_z", "--json")
    assert (status, err) == (0, "")
    plain = json.loads(out)
    place = [item["name"] for item in json.loads(before["manifest.json"])["items"]].index("1_z")
    told = {f"{name}[{k}]": bits[5, k] for name, bits in raw[place].items() for k in range(bits.shape[1])}
    assert plain["shots"][0]["bits"] == told
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("teleportation", "--shot", "20", *ASKED), "0 to 19"),
        (("teleportation", "--circuit", "none", *ASKED), "circuit"),
        (("teleportation", "--on", "exact"), "exact"),
        (("repeater-chain", "--set", "hops=9", "--states", *ASKED), "no states"),
        (("bb84",), "seed"),
        (("teleportation", "--html", "story.txt"), "--html"),
        (("nothing",), "nothing"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_one_line(qnet, asked, said):
    status, out, err = qnet("show", *asked)
    assert (status, out) == (2, "") and err.count("\n") == 1 and said in err


def test_a_run_without_outcomes_and_options_beside_a_run_are_refused(qnet, kept, tmp_path):
    qn.submit(qn.Teleportation(), shots=20, seed=1, path=tmp_path / "waiting")
    qn.submit(qn.Teleportation(), "exact", path=tmp_path / "exact").result()
    qn.run(qn.BB84(pulses=200), path=tmp_path / "key")
    for asked, said in [
        ((tmp_path / "waiting",), "no stored outcomes"),
        ((tmp_path / "exact",), "exactly"),
        ((tmp_path / "key",), "key material"),
        ((kept[0], "--shots", "5"), "options"),
        ((kept[0], "--set", "hops=2"), "--set"),
        ((kept[0], "--shot", "20"), "0 to 19"),
    ]:
        status, out, err = qnet("show", *map(str, asked))
        assert (status, out) == (2, "") and err.count("\n") == 1 and said in err, asked
