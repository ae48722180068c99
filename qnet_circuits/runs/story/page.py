"""The page of a story: one animated HTML file that needs nothing but a browser."""

from __future__ import annotations

import html
import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any

from qnet_circuits.errors import UnsupportedError

#: A page is at most so long, in bytes; shots are left out until it is.
MOST_BYTES = 300_000
#: The parts of the page's script, in the order in which they need each other.
_SCRIPTS = ("data.js", "diagram.js", "states.js", "knowledge.js", "curves.js", "moving.js")
#: Parts of Bloch vectors are written with so many decimals, far finer than a dot is drawn.
_DECIMALS = 4
#: What would end a script, or a line of one, before its time.
_ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}

Plain = dict[str, Any]


def story_page(story: Mapping[str, Any]) -> str:
    """Return a story as one animated HTML page.

    The page draws nodes and qubits in time, messages as slanted lines that travel at their speed, and the Bloch vector of a
    qubit for each observer. The page computes no physics: every vector, bit and time comes from the story. It is one file of
    at most 300 kB with its styles, script and data, and loads nothing from elsewhere. The page has as many of the story's
    shots as fit.

    Args:
        story: The plain form of a story, as ``Story.to_dict`` returns it.

    Raises:
        UnsupportedError: If not even one shot fits.
    """
    shots = story["shots"]
    pages: dict[int, str] = {}

    def size(count: int) -> int:
        pages[count] = _filled({**story, "shots": shots[:count]})
        return len(pages[count].encode())

    fitting = bisect_right(range(1, len(shots) + 1), MOST_BYTES, key=size)
    if not fitting:
        raise UnsupportedError(
            f"one shot of this story needs more than the {MOST_BYTES // 1000} kB of a page; use a smaller circuit, or print "
            "the story"
        )
    return pages[fitting]


def frame_of(page: str, title: str, height: int = 900) -> str:
    """Return an HTML frame that shows a page within a notebook, apart from the notebook's styles and scripts.

    Args:
        page: The whole page.
        title: The title of the frame for screen readers.
        height: Height of the frame in pixels.
    """
    return (
        f'<iframe title="{html.escape(title)}" srcdoc="{html.escape(page)}" sandbox="allow-scripts" '
        f'style="width:100%;height:{height}px;border:0"></iframe>'
    )


def _filled(story: Plain) -> str:
    return Template(_read("page.html")).substitute(
        title=html.escape(page_title(story)),
        made=html.escape(_made(story)),
        style=_read("page.css"),
        script="\n".join(map(_read, _SCRIPTS)),
        story=_embedded(_folded(story)),
    )


def _read(name: str) -> str:
    return files(__package__).joinpath("browser", name).read_text("utf-8")


def page_title(story: Mapping[str, Any]) -> str:
    """Return the title of a story's page. If the shot is simulated, the title says so."""
    name = story["protocol"].partition("(")[0]
    return (
        f"The story of one shot: {name} on {story['backend']}{' (simulated)' if story['simulated'] else ''}"
    )


def _made(story: Mapping[str, Any]) -> str:
    """Return the origin of the shot, in sentences."""
    by = (
        "a simulation without a device's noise"
        if story["device"] is None
        else f"a digital twin of {story['device']}"
    )
    said = (
        [f"Simulated by {by} (backend {story['backend']}), not measured on a processor."]
        if story["simulated"]
        else []
    )
    said.append(f"{story['protocol']}, circuit {story['circuit']}, seed {story['seed']}.")
    said.append(f"Corrections: {story['corrections']}.")
    if story["latency_s"]:
        said.append(f"A message takes {story['latency_s'] * 1e6:g} µs, the feed-forward latency.")
    if story["secret"]:
        said.append("This is a demonstration with a known seed: bits that anybody can read are no key.")
    return " ".join(said)


def _embedded(plain: Any) -> str:
    """Return JSON that is safe inside a script element."""
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_ESCAPED)


def _folded(story: Mapping[str, Any]) -> Plain:
    """Return the story with each text once, and moments that hold only what has changed since the moment before."""
    numbers: dict[str, int] = {}

    def number(text: str) -> int:
        return numbers.setdefault(text, len(numbers))

    shots = [_folded_shot(shot, number) for shot in story["shots"]]
    return {**story, "shots": shots, "texts": list(numbers)}


def _folded_shot(shot: Mapping[str, Any], number: Callable[[str], int]) -> Plain:
    withheld = shot.get("withheld")
    return {
        **shot,
        "events": [{**event, "text": number(event["text"])} for event in shot["events"]],
        "moments": _changes(shot["moments"], number),
        "withheld": withheld and _folded_shot(withheld, number),
    }


def _changes(moments: Sequence[Mapping[str, Any]], number: Callable[[str], int]) -> list[Plain]:
    made: list[Plain] = []
    knows: Plain = {}
    bloch: Plain = {}
    for moment in moments:
        known = {node: [number(fact) for fact in facts] for node, facts in moment["knows"].items()}
        seen = {observer: _rounded(states) for observer, states in moment.get("bloch", {}).items()}
        made.append(
            {
                "t": moment["t"],
                "text": number(moment["text"]),
                "knows": _changed(knows, known),
                "bloch": {
                    observer: changed
                    for observer, states in seen.items()
                    if (changed := _changed(bloch.get(observer, {}), states)) or observer not in bloch
                },
            }
        )
        knows, bloch = known, seen
    return made


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> Plain:
    """Return the entries that differ, and null for removed entries."""
    gone: Plain = {key: None for key in before if key not in now}
    return gone | {key: value for key, value in now.items() if key not in before or before[key] != value}


def _rounded(states: Mapping[str, Sequence[float]]) -> Plain:
    return {qubit: [round(part, _DECIMALS) + 0.0 for part in vector] for qubit, vector in states.items()}
