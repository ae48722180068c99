"""The page of a story, in a real browser: physics, keyboard, sizes, and that nothing leaves the file."""

import copy
import json
import os
from pathlib import Path

import pytest

import qnet_circuits as qn
from qnet_circuits.runs.story.page import MOST_BYTES, frame_of, story_page
from tests.support.browser import NARROW, WIDE, open_browser, opened

#: Vectors are written with four decimals, and what one qubit waits turns it by less than this.
CLOSE, CENTRE = 2e-4, 0.02
ON = {"backend": "aer:fake_kingston", "corrections": "feedforward", "shots": 40, "seed": 1}
STORIES = {
    "teleportation": lambda: qn.tell(qn.Teleportation(state="+"), **ON),
    "swapping": lambda: qn.tell(qn.EntanglementSwapping(), **ON),
    "chain": lambda: qn.tell(qn.RepeaterChain(hops=30), **ON),
    "ghz": lambda: qn.tell(qn.Ghz(parties=5), corrections="feedforward", shots=40, seed=1),
    "bb84": lambda: qn.tell(qn.BB84(pulses=8), "aer:fake_kingston", seed=1),
}


class Once(dict):
    """Makes each value when it is asked for, since a process may run some of these tests alone."""

    def __init__(self, make):
        super().__init__()
        self._make = make

    def __missing__(self, name):
        self[name] = self._make(name)
        return self[name]


@pytest.fixture(scope="module")
def stories():
    return Once(lambda name: STORIES[name]())


@pytest.fixture(scope="module")
def files(stories, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")

    def written(name):
        story = stories[name]
        # The curves of one page are enough; they take seconds.
        page = story.to_html() if name == "teleportation" else story_page(story.to_dict())
        (folder / f"{name}.html").write_text(page, "utf-8")
        return folder / f"{name}.html"

    return Once(written)


@pytest.fixture(scope="module")
def browser():
    with open_browser() as found:
        yield found


@pytest.fixture(scope="module")
def shown(browser, files):
    """Each page, opened once; tests leave it at its first shot, with its messages."""
    return Once(lambda name: opened(browser, files[name]))


def _state(page):
    """Return what the page shows now: time, sentence, facts by node, and the vector that each observer sees."""
    return page.evaluate(
        """() => ({
          time: moments()[view.moment].t, last: view.moment === moments().length - 1, say: byId("say").textContent,
          facts: Object.fromEntries([...document.querySelectorAll(".card")].map((card) =>
            [card.dataset.node, [...card.querySelectorAll("li")].map((item) => item.textContent)])),
          dots: Object.fromEntries([...document.querySelectorAll("#spheres figure")].map((figure) => {
            const dot = figure.querySelector(".dot");
            return [figure.dataset.observer, {
              vector: JSON.parse(dot.dataset.vector), x: Number(dot.getAttribute("cx")), y: Number(dot.getAttribute("cy"))}];
          })),
        })"""
    )


def _walk(page):
    """Yield what the page shows at each moment, by the keyboard alone."""
    page.keyboard.press("Home")
    for count in range(1, page.evaluate("moments().length") + 1):
        state = _state(page)
        assert f"moment {count} of" in page.inner_text("#position")
        yield state
        page.keyboard.press("ArrowRight")
    assert state["last"]


def _messages(tale):
    return [event for event in tale["events"] if event["kind"] == "message"]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", STORIES)
def test_pages_are_small_ask_for_nothing_and_hold_the_whole_story(shown, stories, files, name):
    page, story = shown[name].page, stories[name].to_dict()
    assert files[name].stat().st_size <= MOST_BYTES
    assert "(simulated)" in page.title() and page.inner_text("h1") == page.title()
    held = page.evaluate("story.shots.map((shot) => shot.moments)")
    assert 1 <= len(held) <= len(story["shots"])
    for kept, shot in zip(held, story["shots"], strict=False):
        for moment, told in zip(kept, shot["moments"], strict=True):
            assert (moment["text"], moment["knows"]) == (told["text"], told["knows"])
            _assert_same_vectors(moment["bloch"], told.get("bloch", {}))
    page.keyboard.press("End")
    _assert_the_last_bits_are_the_stored_ones(page, story["shots"][0])
    assert shown[name].errors == []
    assert shown[name].requests == [files[name].as_uri()]


def _assert_same_vectors(held, told):
    for observer, vectors in told.items():
        kept = {qubit: vector for qubit, vector in held[observer].items() if vector is not None}
        assert kept.keys() == vectors.keys()
        for qubit, vector in vectors.items():
            assert kept[qubit] == pytest.approx(list(vector), abs=CLOSE)


def _assert_the_last_bits_are_the_stored_ones(page, shot):
    shown = page.evaluate("Object.assign({}, ...story.nodes.map(({ name }) => knownBits(name, view.time)))")
    assert {name: int(bit) for name, bit in shown.items()} == {
        name: int(bit) for name, bit in shot["bits"].items()
    }


def test_squares_of_bits_say_what_the_facts_say(shown, stories):
    page, story = shown["chain"].page, stories["chain"].to_dict()
    for moment in story["shots"][0]["moments"]:
        shown_now = page.evaluate(
            "(time) => Object.fromEntries(story.nodes.map(({ name }) => [name, knownBits(name, time)]))",
            moment["t"],
        )
        for node, facts in moment["knows"].items():
            bits = dict(fact.split(" (")[0].split(" = ") for fact in facts)
            assert {name: str(int(bit)) for name, bit in shown_now[node].items()} == bits
    page.keyboard.press("End")
    squares = page.locator("#grid rect")
    assert squares.count() > 60 and page.locator("#diagram .event[data-kind=message]").count() >= 29


def test_messages_travel_at_their_speed_and_are_not_there_before_they_are_sent(shown, stories):
    page, story = shown["teleportation"].page, stories["teleportation"].to_dict()
    (message,) = _messages(story["shots"][0])
    ends = []
    for share in (0.25, 0.5, 1.0):
        page.evaluate(
            "(t) => { view.time = t; drawDiagram(); }", message["t"] + share * (message["end"] - message["t"])
        )
        line = page.locator("#diagram [data-kind=message] line")
        (x1, y1), (x2, y2) = [[float(line.get_attribute(f"{axis}{end}")) for axis in "xy"] for end in (1, 2)]
        ends.append(((x2 - x1) / share, (y2 - y1) / share))
        assert float(page.get_attribute("#cursor", "x1")) == pytest.approx(x2)
    assert ends[0] == pytest.approx(ends[2]) and ends[1] == pytest.approx(ends[2])
    page.evaluate("(t) => { view.time = t; drawDiagram(); }", message["t"] - 1e-9)
    assert page.locator("#diagram [data-kind=message]").count() == 0


def _length(vector):
    return 0.0 if vector is None else sum(part**2 for part in vector) ** 0.5


def test_bobs_dot_stays_in_the_centre_until_the_message_and_without_it_for_ever(shown, stories):
    page, story = shown["teleportation"].page, stories["teleportation"].to_dict()
    events = story["shots"][0]["events"]
    linked = next(event["end"] for event in events if event["kind"] == "link")
    arrival = max(event["end"] for event in _messages(story["shots"][0]))
    before = [state["dots"] for state in _walk(page) if linked <= state["time"] < arrival]
    after = [state["dots"] for state in _walk(page) if state["time"] >= arrival]
    assert len(before) >= 3 and len(after) >= 3
    for dots in before:
        assert _length(dots["bob"]["vector"]) < CENTRE
        assert abs(dots["bob"]["x"]) < 1 and abs(dots["bob"]["y"]) < 1
    assert _length(before[-1]["everyone"]["vector"]) > 0.9
    assert all(dots["bob"] == dots["everyone"] and _length(dots["bob"]["vector"]) > 0.9 for dots in after)
    page.check("#withhold")
    withheld = story["shots"][0]["withheld"]
    own = next(
        event["end"] for event in withheld["events"] if event["kind"] == "measure" and "bob" in event["nodes"]
    )
    states = [state for state in _walk(page) if linked <= state["time"] < own]
    assert len(states) >= 3 and max(_length(state["dots"]["bob"]["vector"]) for state in states) < CENTRE
    page.uncheck("#withhold")


def test_informed_pictures_average_to_the_uninformed_one(shown, stories):
    """Over the four results of Alice's measurement, which are all of the page's shots."""
    page, told = shown["teleportation"].page, stories["teleportation"].to_dict()["shots"]
    measured = max(
        event["end"]
        for event in told[0]["events"]
        if event["kind"] == "measure" and "alice" in event["nodes"]
    )
    informed, chances = [], [shot["probability"] for shot in told]
    for _ in told:
        at = next(state["dots"] for state in _walk(page) if state["time"] >= measured)
        informed.append(at["everyone"]["vector"])
        uninformed = at["bob"]["vector"]
        page.click("#another")
    # A shot's probability is of Bob's result too, which is another one in a percent of all shots.
    mean = [sum(c * v[k] for c, v in zip(chances, informed, strict=True)) / sum(chances) for k in range(3)]
    assert len({round(vector[0]) for vector in informed}) == 2
    assert mean == pytest.approx(uninformed, abs=0.01)


def _violations(page):
    """Return where an observer's picture differs between shots of one circuit in which he knows the same at the same time."""
    return page.evaluate(
        """() => {
          const seen = new Map(), found = [];
          for (const [circuit, tale] of story.shots.flatMap((shot) => [["sent", shot], ["withheld", shot.withheld]]))
            for (const moment of tale.moments)
              for (const { name } of story.nodes) {
                const facts = JSON.stringify([circuit, moment.t, name, [...moment.knows[name]].sort()]);
                const picture = moment.bloch[name] ?? {};
                if (!seen.has(facts)) { seen.set(facts, picture); continue; }
                for (const [qubit, vector] of Object.entries(picture)) {
                  const other = seen.get(facts)[qubit];
                  if (vector && other && vector.some((part, k) => Math.abs(part - other[k]) > 2e-4)) found.push([facts, qubit]);
                }
              }
          return [found, seen.size];
        }"""
    )


def test_no_picture_follows_from_what_happened_outside_of_the_past_light_cone(shown, stories):
    for name, observer in (("teleportation", "bob"), ("swapping", "bob")):
        page = shown[name].page
        found, compared = _violations(page)
        assert compared > 10 and not found
        early = min(event["end"] for event in _messages(stories[name].to_dict()["shots"][0])) - 1e-9
        page.evaluate(
            """([observer, early]) => {
              const moment = story.shots[1].moments.findLast((each) => each.t < early);
              Object.values(moment.bloch[observer])[0][0] += 0.01;
            }""",
            [observer, early],
        )
        assert _violations(page)[0]
        page.reload()


def test_the_keyboard_alone_suffices_and_focus_is_seen(shown):
    page, reached = shown["teleportation"].page, []
    page.reload()
    for _ in range(12):
        page.keyboard.press("Tab")
        name, style, width = page.evaluate(
            "[document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle,"
            " parseFloat(getComputedStyle(document.activeElement).outlineWidth)]"
        )
        assert not name or (style != "none" and width >= 2)
        reached.append(name)
    for name in ("qubit", "another", "withhold", "scaled", "play", "next", "moments"):
        assert name in reached
    page.focus("#withhold")
    page.keyboard.press("Space")
    assert page.is_checked("#withhold") and page.inner_text("#play") == "Play"
    page.focus("#moments")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("view.moment") == 1
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    assert page.inner_text("#play") == "Pause"
    page.locator("#position", has_text="moment 3 of").wait_for()
    page.keyboard.press("Space")
    assert page.inner_text("#play") == "Play"
    page.keyboard.press("End")
    assert _state(page)["last"] and page.is_disabled("#next")
    shot = page.inner_text("#position")
    page.focus("#another")
    page.keyboard.press("Enter")
    assert page.inner_text("#position") != shot and _state(page)["last"]
    page.reload()
    assert shown["teleportation"].errors == []


@pytest.mark.parametrize("name", STORIES)
def test_nothing_is_cut_on_a_telephone_or_a_screen_in_light_or_dark(shown, name):
    page = shown[name].page
    for scheme, viewport in (("dark", NARROW), ("light", WIDE)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(viewport)
        page.keyboard.press("End")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(CUT) == []
        assert page.evaluate(UNNAMED) == 0
        assert page.evaluate(CONTRAST) >= 4.5


#: Texts of pictures that reach beyond them, and pictures that screen readers have no name for.
CUT = """[...document.querySelectorAll("#diagram text, #spheres text, #grid text")].filter((text) => {
  const { left, right } = text.getBoundingClientRect(), box = text.ownerSVGElement.getBoundingClientRect();
  return left < box.left - 1 || right > box.right + 1;
}).map((text) => text.textContent)"""
UNNAMED = "[...document.querySelectorAll('svg[role=img]')].filter((svg) => svg.clientHeight && !svg.ariaLabel).length"
#: The least contrast of the page's texts with its paper, as WCAG counts it.
CONTRAST = """() => {
  const linear = (part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const light = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((part) => linear(part / 255))
    .reduce((sum, part, k) => sum + part * [0.2126, 0.7152, 0.0722][k], 0);
  const paper = light(getComputedStyle(document.body).backgroundColor);
  return Math.min(...["#say", "#made", "h1", "#position", "label"].map((name) => {
    const ink = light(getComputedStyle(document.querySelector(name)).color);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  }));
}"""


def test_without_motion_play_jumps_from_moment_to_moment(shown):
    page = shown["bb84"].page
    page.emulate_media(reduced_motion="reduce")
    page.keyboard.press("Home")
    page.evaluate(
        "window.times = new Set(); const old = drawDiagram; drawDiagram = () => { times.add(view.time); old(); };"
    )
    page.keyboard.press("Space")
    page.locator("#position", has_text="moment 2 of").wait_for()
    stops = page.evaluate("[...times].every((time) => moments().some((moment) => moment.t === time))")
    assert stops and page.evaluate("times.size") <= 3
    page.reload()


def test_names_are_text_and_never_markup(browser, stories, tmp_path):
    wicked = "</script><img src=x onerror=\"document.title='owned'\">\u2028"
    text = json.dumps(stories["teleportation"].to_dict()).replace('"alice"', json.dumps(wicked))
    (path := tmp_path / "page.html").write_text(story_page(json.loads(text)), "utf-8")
    made = opened(browser, path)
    assert "owned" not in made.page.title() and made.errors == []
    assert wicked.strip() in made.page.text_content("#cards") and made.page.locator("img").count() == 0
    made.page.context.close()


def test_a_notebook_shows_the_page_in_a_frame_of_its_own(browser, stories, tmp_path):
    html = stories["ghz"]._repr_html_()
    (path := tmp_path / "notebook.html").write_text(
        f"<!doctype html><meta charset=utf-8><h1>notebook</h1>{html}", "utf-8"
    )
    made = opened(browser, path)
    frame = made.page.frame_locator("iframe")
    assert "(simulated)" in frame.locator("h1").inner_text()
    before = frame.locator("#position").inner_text()
    frame.locator("#next").click()
    assert frame.locator("#position").inner_text() != before
    assert made.page.evaluate("document.querySelectorAll('style').length") == 0 and made.errors == []
    made.page.context.close()


def test_a_prediction_is_judged_by_the_exact_curve(shown):
    page = shown["teleportation"].page
    exact = qn.predict(
        qn.Teleportation(state="+"),
        "fake_kingston",
        corrections="feedforward",
        noise={"feedforward_latency": 10e-6},
    ).fidelity.value
    for guess, said in ((exact + 0.0085, "Right"), (exact - 0.0115, "Not yet")):
        page.reload()
        assert not page.is_visible("#curve") and "10 µs" in page.inner_text("#ask")
        page.fill("#guess", f"{guess:.3f}")
        page.press("#guess", "Enter")
        assert page.inner_text("#verdict").startswith(said) and f"{exact:.4f}" in page.inner_text("#reading")
        page.keyboard.press("ArrowRight")  # The slider has the focus.
        assert float(page.inner_text("#reading").split()[1]) < exact
    page.select_option("#which", label="If there were more hops")
    assert not page.is_visible("#curve") and page.inner_text("#verdict") == ""
    page.click("#reveal")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#reading").endswith("at 2")


def test_a_story_that_does_not_fit_leaves_shots_out_and_one_shot_must_fit(stories):
    story = stories["teleportation"].to_dict()
    many = {**story, "shots": [copy.deepcopy(story["shots"][0]) for _ in range(20)]}
    for k, shot in enumerate(many["shots"]):
        shot["moments"][0]["text"] = f"{k} " * 10_000
    assert MOST_BYTES * 0.8 < len(story_page(many).encode()) <= MOST_BYTES
    many["shots"][0]["moments"][0]["text"] = "." * MOST_BYTES
    with pytest.raises(qn.UnsupportedError):
        story_page(many)


def test_a_frame_holds_the_whole_page_as_text():
    assert 'srcdoc="&lt;p title=&quot;a&amp;b&quot;&gt;"' in frame_of('<p title="a&b">', "story")


def test_the_page_that_is_named_moves_and_asks_for_nothing(browser):
    """``make check-page`` names the page that ``make see`` has written."""
    if not (named := os.environ.get("QNET_PAGE")):
        pytest.skip("no page is named in QNET_PAGE; make check-page names one")
    file = Path(named).resolve()
    assert file.stat().st_size <= MOST_BYTES
    made = opened(browser, file)
    cursors = {made.page.get_attribute("#cursor", "x1")}
    made.page.keyboard.press("Space")
    made.page.locator("#position", has_text="moment 3 of").wait_for()
    made.page.keyboard.press("Space")
    cursors.add(made.page.get_attribute("#cursor", "x1"))
    dots = {json.dumps(state["dots"]) for state in _walk(made.page)}
    assert len(cursors) == 2 and len(dots) > 3
    assert made.errors == [] and made.requests == [file.as_uri()]
    made.page.context.close()
