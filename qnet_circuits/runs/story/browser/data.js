"use strict";
// The page of a story. It draws what the story's data say, and computes no physics.
const NAMESPACE = "http://www.w3.org/2000/svg";
const FEW_NODES = 7, SHOWN_AT_ENDS = 3; // of more nodes, so many at each end are shown
const UNITS = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]];
const byId = (id) => document.getElementById(id);

// Texts are stored once, and a moment holds only what has changed since the moment before.
function unfolded(packed) {
  const text = (k) => packed.texts[k];
  for (const tale of packed.shots.flatMap((shot) => [shot, shot.withheld]).filter(Boolean)) {
    let knows = {}, bloch = {};
    for (const event of tale.events) event.text = text(event.text);
    for (const moment of tale.moments) {
      moment.text = text(moment.text);
      knows = { ...knows };
      for (const [node, facts] of Object.entries(moment.knows)) knows[node] = facts.map(text);
      bloch = { ...bloch };
      for (const [observer, seen] of Object.entries(moment.bloch ?? {})) bloch[observer] = { ...bloch[observer], ...seen };
      Object.assign(moment, { knows, bloch });
    }
  }
  return packed;
}

const story = unfolded(JSON.parse(byId("story").textContent));
const view = { shot: 0, moment: 0, time: 0, withheld: false, scaled: true, all: false, qubit: 0, curve: 0, timer: null };

const tale = () => (view.withheld && story.shots[view.shot].withheld) || story.shots[view.shot];
const moments = () => tale().moments;
const natural = (a, b) => a.localeCompare(b, "en", { numeric: true });
const inOrder = () => [...story.nodes.keys()].sort((a, b) => story.nodes[a].place - story.nodes[b].place || a - b);
const nodeColour = (k) => `var(--${["gate", "link", "measure", "decision"][k % 4]})`;
const named = (name) => story.nodes.findIndex((node) => node.name === name);

function hidden() {
  const order = inOrder();
  return view.all || order.length <= FEW_NODES ? [] : order.slice(SHOWN_AT_ENDS, -SHOWN_AT_ENDS);
}

function unitOf(seconds) {
  return UNITS.find(([size]) => seconds >= size) ?? UNITS.at(-1);
}

function timeText(seconds) {
  const [size, unit] = unitOf(story.duration_s);
  return `${(seconds / size).toFixed(2)} ${unit}`;
}
