"""The report of a run: one page that anybody can read, and that says how to make the run again."""

import html
import json
import pickle
import re
import shlex
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

import qnet_circuits as qn
from qnet_circuits.runs.results.report.origin import origin_of

FOLDER = Path(__file__).parents[2] / "hardware_runs"
RUNS = sorted(path for path in FOLDER.iterdir() if path.is_dir())
MOST_BYTES = 1_000_000
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """What a test asks of a page: its elements with their attributes, and whether each is closed in turn."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.wrong = [], [], []
        self.feed(text)
        self.wrong += self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def sections(page):
    return re.findall(r'<h2 id="[^"]*">([^<]*)</h2>', page)


def codes(page):
    return [html.unescape(code) for code in re.findall(r"<code>(.*?)</code>", page, re.DOTALL)]


def check(page):
    read = Page(page)
    assert not read.wrong
    names = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(names) == len(set(names))
    for tag, attributes in read.elements:
        if tag in ("th",):
            assert attributes["scope"] in ("col", "row")
        if tag == "svg":
            assert attributes["role"] == "img" and len(attributes["aria-label"]) > 10
        if tag == "img":
            assert len(attributes["alt"]) > 10
        for key in ("src", "href", "xlink:href", "action", "data"):
            assert attributes.get(key, "#").startswith(("#", "data:image/png;base64,"))
        references = re.findall(r"url\(([^)]*)\)", " ".join(str(value) for value in attributes.values()))
        references += [attributes.get("href", "#"), attributes.get("xlink:href", "#")]
        assert {each[1:] for each in references if each.startswith("#")} <= {*names, ""}
    assert len(page.encode()) <= MOST_BYTES and "<script" not in page and "@import" not in page


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name)
def test_every_stored_run_has_a_report_with_its_figures(path):
    result = qn.replay(path)
    page = result.to_html(plots=False)
    check(page)
    assert (
        re.search("<title>Simulated: ", page) and "No processor was used" in page
    ) or "no processor" in page
    shown = html.unescape(page)
    for found in result.compare().figures:
        for name, each in {found.figure: found, **found.controls}.items():
            row = name if each is found else f"{found.figure}, {name.replace('_', ' ')}"
            assert re.search(rf'<th scope="row">{row}</th><td>{re.escape(each.measured.rounded())}', shown), (
                row
            )
    assert all(note in shown for note in result.notes)
    assert {"Figures", "Resources", "Notes", "How to repeat it", "Versions"} <= set(sections(page))
    assert codes(page)[-2].startswith("qnet run ") and "qn.run(" in codes(page)[-1]


def test_circuits_that_are_not_those_of_the_directory_are_not_drawn(tmp_path):
    shutil.copytree(FOLDER / "chain2-local-manila", tmp_path / "run")
    shutil.copy(FOLDER / "links-twin-nairobi" / "compiled.qpy", tmp_path / "run")
    page = qn.replay(tmp_path / "run").to_html()
    check(page)
    assert page.count("<figure>") == 1 and not {"Circuit", "Qubits on the chip"} & set(sections(page))


@pytest.fixture(scope="module")
def repeated(tmp_path_factory):
    """Return a run with options of every kind, and the command and the lines of Python that its report gives."""
    path = tmp_path_factory.mktemp("runs") / "swap"
    network = qn.Network.chain(1, qn.Link(0.9))
    result = qn.run(
        qn.Teleportation(state="theta=0.6, phi=0.8", network=network), "aer:fake_manila", path=path, shots=60, seed=5,
        repeats=2, corrections="feedforward", mitigate=["out"], noise={"idle": False, "zz": 0.0}, layout=[2, 1, 0],
        controls=True, optimization_level=1,
    )  # fmt: skip
    return result, codes(qn.replay(path).to_html(plots=False))[-2:]


def test_the_command_of_a_report_makes_the_same_run(repeated, qnet):
    result, (command, _) = repeated
    program, *words = shlex.split(command)
    status, out, _ = qnet(*words, "--json")
    assert (program, status) == ("qnet", 0)
    assert json.loads(out)["figures"] == json.loads(json.dumps(result.to_dict()["figures"]))


def test_the_python_of_a_report_makes_the_same_run(repeated):
    result, (_, lines) = repeated
    names = {}
    exec(lines, names)
    assert names["result"].figures == result.figures and names["result"].mitigated == result.mitigated


def test_a_secret_run_shows_neither_key_nor_outcomes_nor_seed(tmp_path):
    result = qn.run(qn.BB84(pulses=20_000), path=tmp_path / "key")
    page = qn.replay(tmp_path / "key").to_html()
    check(page)
    key = result.secret_key
    assert key is not None and "Account of the key" in sections(page)
    for form in (key.to_bytes().hex()[:16], "".join(f"{byte:08b}" for byte in key.to_bytes())[:40]):
        assert form not in page
    assert (tmp_path / "key" / "secret.bin").read_bytes().hex() not in page
    assert "--seed" not in page and "seed=" not in page


def test_a_result_that_was_read_has_figures_and_notes_alone():
    result = qn.run(qn.RepeaterChain(hops=2), "aer:fake_manila", shots=50, seed=1)
    copy = pickle.loads(pickle.dumps(result))  # noqa: S301
    assert copy == result and copy.sampled is None
    page = qn.Result.from_dict(result.to_dict()).to_html()
    check(page)
    assert (
        "<title>Simulated: repeater-chain on aer:fake_manila</title>" in page and page.count("<figure>") == 1
    )
    assert not {"Network", "Circuit", "How to repeat it"} & set(sections(page))


def test_a_title_says_where_figures_come_from():
    def title(backend, *notes, **more):
        return origin_of(
            qn.Result({}, provenance={"protocol": "chsh", "backend": backend, **more}, notes=notes), None
        )

    assert title("ibm:ibm_kingston").title == "chsh on the processor ibm_kingston"
    assert "ibm_kingston" in title("ibm:ibm_kingston").sentence
    assert title("ibm:ibm_kingston", "simulated: the platform is a stand-in").title.startswith("Simulated")
    assert "exactly" in title("exact:fake_manila", "simulated: ...", engine="exact").sentence
    unknown = title("mine")
    assert "Simulated" not in unknown.title and "not known" in unknown.sentence


def test_a_run_on_a_processor_names_it_and_is_not_called_simulated(tmp_path):
    shutil.copytree(FOLDER / "chain2-local-manila", tmp_path / "run")
    file = tmp_path / "run" / "manifest.json"
    manifest = json.loads(file.read_text())
    notes = [note for note in manifest["notes"] if not note.startswith("simulated")]
    told = {"backend": "ibm:ibm_manila", "simulated": False, "noise": {}, "notes": notes}
    file.write_text(json.dumps({**manifest, **told}))
    page = qn.replay(tmp_path / "run").to_html(plots=False)
    assert "<title>repeater-chain on the processor ibm_manila</title>" in page and "imulated" not in page
    assert codes(page)[0].startswith("qnet submit ") and codes(page)[0].endswith("--out DIR")


def test_outcomes_from_elsewhere_are_called_so(tmp_path):
    compiled = qn.compile(qn.RepeaterChain(hops=1), corrections="frame")
    counts = [{"00": 60, "11": 40}, {"01": 45, "10": 55}, {"00": 40, "11": 60}]
    compiled.keep(counts, tmp_path / "run", "lab 3, <a Friday>")
    page = qn.replay(tmp_path / "run").to_html(plots=False)
    check(page)
    assert "<title>repeater-chain, measured elsewhere</title>" in page
    assert "lab 3, &lt;a Friday&gt;" in page and "How to repeat it" not in sections(page)


def test_the_command_line_writes_a_page_with_all_plots(qnet, tmp_path):
    file = tmp_path / "report.html"
    status, out, err = qnet("report", FOLDER / "chain2-local-manila", "--html", file, "--level", "0.99")
    assert (status, err) == (0, "") and str(file) in out
    page = file.read_text()
    check(page)
    assert "99 % interval" in page and "replay chain2-local-manila" in page
    for name in ("Network", "Circuit", "Qubits on the chip", "Time and cost"):
        assert name in sections(page)
    assert page.count("<figure>") == page.count("<svg") == 5 and "in time on fake_manila" in page


def test_bad_input_is_one_line(qnet, tmp_path):
    stored, file = FOLDER / "chain2-local-manila", tmp_path / "report.html"
    qn.submit(qn.Chsh(), path=tmp_path / "unfinished", shots=10)
    for arguments, said in [
        (("report", tmp_path, "--html", file), "not the directory of a run"),
        (("report", tmp_path / "unfinished", "--html", file), "no outcomes yet"),
        (("report", stored, "--html", tmp_path / "none" / "report.html"), "cannot write"),
        (("report", stored, "--html", tmp_path / "report.pdf"), r"\.html"),
        (("report", stored), "--html"),
        (("report", stored, "--html", file, "--level", "2"), "level"),
    ]:
        status, out, err = qnet(*arguments)
        assert (status, out) == (2, "") and len(err.splitlines()) == 1 and re.search(said, err), err
        assert not file.exists()
