"use strict";
// The page of a story. It draws what the story's data say, and computes no physics.
const NAMESPACE = "http://www.w3.org/2000/svg";
const FEW_NODES = 7, SHOWN_AT_ENDS = 3; // of more nodes, so many at each end are shown
const FEW_FACTS = 8; // a card lists so many, and counts the rest
const MOMENT_MS = 1400, WHOLE_MS = 30000, SHORTEST_MS = 120; // how long Play stays at a moment
const UNITS = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]];
const KINDS = {
  link: ["link", "Bell pair"], gate: ["gate", "gate"], channel: ["link", "qubit on its way"], measure: ["measure", "measurement"],
  message: ["message", "message"], decision: ["decision", "decision"], correction: ["decision", "correction"],
  reset: ["reset", "reset"], wait: ["wait", "waits, and decays"],
};
const byId = (id) => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");

// ---------------------------------------------------------------- the data

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

// ---------------------------------------------------------------- drawing

function add(parent, name, attributes = {}, text = null) {
  const made = parent.namespaceURI === NAMESPACE || name === "svg" ? document.createElementNS(NAMESPACE, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  parent.append(made);
  return made;
}

function cleared(svg, width, height, label) {
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.style.height = `${height}px`;
  svg.setAttribute("aria-label", label);
  return svg;
}

// Where lanes and rows lie: a lane for each node, a row for each of its qubits, one narrow lane for all that are hidden.
function lanes() {
  const out = hidden(), made = [], row = new Map(), lane = new Map();
  let top = 4;
  const put = (label, nodes, height) => {
    made.push({ label, nodes, top, height });
    for (const k of nodes) lane.set(k, made.at(-1));
    top += height + 26;
  };
  for (const k of inOrder()) {
    const node = story.nodes[k];
    if (out.includes(k)) {
      if (k === out[0]) put(`… ${out.length} more stations`, out, 42);
      for (const qubit of node.qubits) row.set(qubit, lane.get(k).top + 30);
      continue;
    }
    node.qubits.forEach((qubit, i) => row.set(qubit, top + 31 + 22 * i));
    put(node.name, [k], 24 + 22 * Math.max(1, node.qubits.length));
  }
  return { made, row, lane, bottom: top - 22 };
}

// Seconds to pixels: to scale, or with the same distance between one moment and the next.
function timeScale(left, right) {
  const stops = [...new Set([0, ...moments().map((moment) => moment.t), story.duration_s])].sort((a, b) => a - b);
  const whole = Math.max(story.duration_s, stops.at(-1)) || 1;
  if (view.scaled) return (t) => left + ((right - left) * Math.min(t, whole)) / whole;
  return (t) => {
    const k = Math.max(1, stops.findIndex((stop) => stop >= t));
    const share = stops.length > 1 ? (t - stops[k - 1]) / (stops[k] - stops[k - 1]) : 0;
    return left + ((right - left) * (k - 1 + Math.min(1, share))) / Math.max(1, stops.length - 1);
  };
}

function drawDiagram() {
  const svg = byId("diagram"), width = Math.max(300, Math.floor(byId("picture").clientWidth)), place = lanes();
  cleared(svg, width, place.bottom + 38, `Space-time diagram at ${timeText(view.time)}. ${moments()[view.moment].text}`);
  const left = width < 500 ? 58 : 76, x = timeScale(left, width - 14);
  drawLanes(svg, place, width, left);
  drawAxis(svg, place.bottom, x, left, width);
  const past = tale().events.filter((event) => event.t <= view.time);
  const order = ["wait", "link", "channel", "gate", "reset", "measure", "decision", "correction", "message"];
  for (const kind of order) for (const event of past) if (event.kind === kind) drawEvent(svg, event, place, x);
  for (const { top, label } of place.made) add(svg, "text", { x: 8, y: top + 15, class: "lane" }, shortened(label, Math.floor(width / 9)));
  add(svg, "line", { id: "cursor", x1: x(view.time), x2: x(view.time), y1: 0, y2: place.bottom, stroke: "var(--ink)", "stroke-width": 1.5, "stroke-dasharray": "3 3" });
}

function drawLanes(svg, place, width, left) {
  for (const each of place.made) {
    const shade = each.nodes.length > 1 ? "var(--raised)" : `var(--lane-${inOrder().indexOf(each.nodes[0]) % 4})`;
    add(svg, "rect", { x: 0, y: each.top, width, height: each.height, rx: 6, fill: shade });
  }
  const out = new Set(hidden().flatMap((k) => story.nodes[k].qubits));
  story.qubits.forEach((qubit, k) => {
    if (out.has(k)) return;
    const y = place.row.get(k), chosen = story.exact && k === view.qubit;
    const row = add(svg, "g", { "data-qubit": k });
    add(row, "title", {}, qubitName(k));
    add(row, "rect", { x: 4, y: y - 10, width: left - 8, height: 20, rx: 4, fill: chosen ? "var(--chosen)" : "transparent" });
    add(row, "text", { x: 8, y: y + 4 }, shortened(rowName(qubit), left < 70 ? 7 : 10));
    add(svg, "line", { x1: left, x2: width - 14, y1: y, y2: y, stroke: "var(--line)" });
  });
}

// A lane has the name of its node, so that a row needs the rest alone.
function rowName({ name, node }) {
  return name.startsWith(`${node}[`) ? `qubit ${name.slice(node.length + 1, -1)}` : name;
}

function shortened(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function drawAxis(svg, y, x, left, width) {
  const [size, unit] = unitOf(story.duration_s);
  add(svg, "line", { x1: left, x2: width - 14, y1: y, y2: y, stroke: "var(--faint)" });
  for (const [t, label] of ticks(size, width)) {
    add(svg, "line", { x1: x(t), x2: x(t), y1: y, y2: y + 5, stroke: "var(--faint)" });
    add(svg, "text", { x: x(t), y: y + 18, "text-anchor": "middle", class: "faint" }, label);
  }
  const title = view.scaled ? `time (${unit})` : "moments, in their order";
  add(svg, "text", { x: (left + width) / 2, y: y + 34, "text-anchor": "middle" }, title);
}

function ticks(size, width) {
  const most = Math.max(3, Math.floor(width / 90));
  if (!view.scaled) {
    const every = Math.ceil(moments().length / most);
    return moments().map((moment, k) => [moment.t, String(k + 1)]).filter((_, k) => k % every === 0);
  }
  const whole = story.duration_s / size, rough = whole / most;
  const power = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  return Array.from({ length: Math.floor(whole / step + 1e-9) + 1 }, (_, k) => [k * step * size, String(+(k * step).toPrecision(6))]);
}

function drawEvent(svg, event, place, x) {
  const until = Math.min(event.end, view.time), from = x(event.t), to = Math.max(x(until), from + 3);
  const group = add(svg, "g", { class: "event", "data-kind": event.kind, "data-nodes": event.nodes.join("|") });
  add(group, "title", {}, `${timeText(event.t)}: ${event.text}`);
  if (event.nodes.length === 2 && ["message", "channel"].includes(event.kind)) return drawFlight(group, event, place, x);
  const colour = `var(--${(KINDS[event.kind] ?? KINDS.gate)[0]})`, rows = event.qubits.map((k) => place.row.get(k));
  if (!rows.length) for (const name of event.nodes) drawMark(group, place.lane.get(named(name)), from, colour);
  if (rows.length > 1) drawJoined(group, event.kind, colour, x((event.t + event.end) / 2), Math.min(...rows), Math.max(...rows));
  const high = event.kind === "wait" ? 5 : 14;
  for (const y of rows) add(group, "rect", { x: from, y: y - high / 2, width: to - from, height: high, rx: event.kind === "wait" ? 2 : 1, fill: colour });
  const bits = Object.values(event.bits ?? {});
  if (event.kind === "measure" && event.end <= view.time && to - from > 9 && !event.qubits.some((k) => hidden().some((node) => story.nodes[node].qubits.includes(k))))
    rows.forEach((y, i) => i < bits.length && add(group, "text", { x: to - 4, y: y + 4, "text-anchor": "end", class: "strong", style: "fill:var(--on-bar)" }, String(bits[i])));
}

// A gate on several qubits is joined by a straight line, a Bell pair by a wavy one.
function drawJoined(group, kind, colour, x, top, bottom) {
  if (kind !== "link") return add(group, "line", { x1: x, x2: x, y1: top, y2: bottom, stroke: colour, "stroke-width": 2 });
  let path = `M ${x} ${top}`;
  for (let y = top, side = 5; y < bottom; y += 8, side = -side) path += ` Q ${x + side} ${Math.min(y + 4, bottom)} ${x} ${Math.min(y + 8, bottom)}`;
  return add(group, "path", { d: path, fill: "none", stroke: colour, "stroke-width": 2 });
}

// What software does at a node, and to no qubit, is a diamond in the node's lane.
function drawMark(group, { top }, x, fill) {
  add(group, "path", { d: `M ${x} ${top + 4} l 6 7 l -6 7 l -6 -7 z`, fill });
}

// What travels is a slanted line that ends where the message, or the qubit, is now.
function drawFlight(group, event, place, x) {
  const [source, target] = event.nodes.map((name) => place.lane.get(named(name)));
  if (source === target) return;
  const down = source.top < target.top, ends = (lane, out) => (down === out ? lane.top + lane.height : lane.top);
  const y0 = ends(source, true), y1 = ends(target, false), here = Math.min(event.end, view.time);
  const share = event.end > event.t ? (here - event.t) / (event.end - event.t) : 1;
  const x1 = x(here), y = y0 + share * (y1 - y0), message = event.kind === "message";
  const colour = `var(--${message ? "message" : "link"})`;
  add(group, "line", { x1: x(event.t), y1: y0, x2: x1, y2: y, stroke: colour, "stroke-width": 2, "stroke-dasharray": message ? "6 4" : null });
  add(group, "circle", { cx: x1, cy: y, r: message ? 3.5 : 5, fill: colour });
  const bits = Object.entries(event.bits ?? {}).sort(([a], [b]) => natural(a, b)).map(([, bit]) => bit).join("");
  const alone = source.nodes.length === 1 && tale().events.filter((other) => other.kind === "message" && other.t === event.t).length < 6;
  if (message && alone && bits && here < event.end && bits.length < 9) {
    const right = x1 > byId("diagram").viewBox.baseVal.width - 60;
    add(group, "text", { x: x1 + (right ? -8 : 8), y: y + (down ? -2 : 10), "text-anchor": right ? "end" : "start", class: "strong", style: `fill:${colour}` }, bits);
  }
}

function drawLegend() {
  const kinds = new Set(story.shots.flatMap((shot) => shot.events.map((event) => event.kind)));
  const said = new Set();
  for (const [kind, [colour, label]] of Object.entries(KINDS)) {
    if (!kinds.has(kind) || said.has(label)) continue;
    said.add(label);
    const item = add(byId("legend"), "li"), svg = add(item, "svg", { viewBox: "0 0 24 14", "aria-hidden": "true" }), fill = `var(--${colour})`;
    if (kind === "message") add(svg, "line", { x1: 1, y1: 2, x2: 22, y2: 12, stroke: fill, "stroke-width": 2, "stroke-dasharray": "6 4" });
    else if (kind === "channel") add(svg, "line", { x1: 1, y1: 2, x2: 22, y2: 12, stroke: fill, "stroke-width": 2 });
    else if (kind === "link") add(svg, "path", { d: "M 1 7 Q 4 0 8 7 Q 11 14 15 7 Q 18 0 23 7", fill: "none", stroke: fill, "stroke-width": 2 });
    else add(svg, "rect", { x: 1, y: kind === "wait" ? 5 : 1, width: 22, height: kind === "wait" ? 5 : 12, fill });
    item.append(label);
  }
}

// ---------------------------------------------------------------- states

const RADIUS = 50;
const AZIMUTH = (32 * Math.PI) / 180, ELEVATION = (18 * Math.PI) / 180;
// A Bloch vector seen from outside: x towards the viewer, y to the right, z upwards; the sphere's outline stays a circle.
function projected([x, y, z]) {
  const [ca, sa, ce, se] = [Math.cos(AZIMUTH), Math.sin(AZIMUTH), Math.cos(ELEVATION), Math.sin(ELEVATION)];
  return [-sa * x + ca * y, ca * se * x + sa * se * y - ce * z];
}

function observers() {
  const owner = story.qubits[view.qubit].node, seen = moments()[view.moment].bloch;
  const rest = inOrder().map((k) => story.nodes[k].name).filter((name) => name !== owner);
  return [owner, "everyone", ...rest].filter((name) => Object.hasOwn(seen, name));
}

function qubitName(k) {
  const { name, node, physical, t2_s: t2 } = story.qubits[k];
  const extra = [physical === null ? null : `q${physical}`, t2 ? `T2 ${(t2 * 1e6).toFixed(0)} µs` : null].filter(Boolean);
  return `${node}: ${name}${extra.length ? ` (${extra.join(", ")})` : ""}`;
}

// Spheres are made once for each qubit, so that their dots move.
function drawSpheres() {
  const box = byId("spheres"), names = observers();
  if (box.dataset.made !== JSON.stringify([view.qubit, names])) {
    box.replaceChildren();
    for (const name of names) makeSphere(box, name);
    box.dataset.made = JSON.stringify([view.qubit, names]);
  }
  names.forEach((name, k) => moveDot(box.children[k], name, moments()[view.moment].bloch[name][view.qubit] ?? null));
}

function makeSphere(box, name) {
  const figure = add(box, "figure", { "data-observer": name }), radius = RADIUS;
  const svg = add(figure, "svg", { viewBox: "-78 -70 156 140", role: "img" });
  svg.style.height = "140px";
  add(svg, "circle", { r: radius, fill: "var(--raised)", stroke: "var(--faint)" });
  const tilt = radius * Math.sin(ELEVATION);
  add(svg, "path", { d: `M ${-radius} 0 A ${radius} ${tilt} 0 0 1 ${radius} 0`, fill: "none", stroke: "var(--line)", "stroke-dasharray": "3 3" });
  add(svg, "path", { d: `M ${-radius} 0 A ${radius} ${tilt} 0 0 0 ${radius} 0`, fill: "none", stroke: "var(--line)" });
  const ends = [[[0, 0, 1], "|0⟩"], [[0, 0, -1], "|1⟩"], [[1, 0, 0], "|+⟩"], [[-1, 0, 0], "|−⟩"], [[0, 1, 0], "|+i⟩"], [[0, -1, 0], "|−i⟩"]];
  for (const [vector, label] of ends) {
    const [px, py] = projected(vector).map((part) => part * radius), length = Math.hypot(px, py);
    add(svg, "line", { x1: 0, y1: 0, x2: px, y2: py, stroke: "var(--line)" });
    const side = Math.abs(px) < 10 ? "middle" : px > 0 ? "start" : "end";
    add(svg, "text", { x: px * (1 + 5 / length), y: py * (1 + 12 / length) + 4, "text-anchor": side, class: "faint" }, label);
  }
  add(svg, "line", { class: "stem", stroke: "var(--link)", "stroke-width": 2 });
  add(svg, "circle", { class: "dot", cx: 0, cy: 0, r: 6.5, fill: "var(--link)", stroke: "var(--paper)", "stroke-width": 1.5 });
  add(figure, "figcaption", {}, name === "everyone" ? "given all bits" : `to ${name}`);
  add(figure, "p", { class: "vector" });
}

function moveDot(figure, name, vector) {
  const svg = figure.querySelector("svg"), dot = svg.querySelector(".dot"), stem = svg.querySelector(".stem");
  const [x, y] = vector ? projected(vector).map((part) => +(RADIUS * part).toFixed(3)) : [0, 0];
  for (const each of [dot, stem]) each.style.visibility = vector ? "visible" : "hidden";
  for (const [key, value] of Object.entries({ cx: x, cy: y })) dot.setAttribute(key, value);
  for (const [key, value] of Object.entries({ x1: 0, y1: 0, x2: x, y2: y })) stem.setAttribute(key, value);
  dot.dataset.vector = JSON.stringify(vector);
  const parts = (vector ?? []).map((part) => (Math.abs(part) < 5e-3 ? 0 : part).toFixed(2).replace("-", "−"));
  const said = vector ? `x ${parts[0]}  y ${parts[1]}  z ${parts[2]}` : "no state to describe";
  figure.querySelector(".vector").textContent = said;
  svg.setAttribute("aria-label", `${qubitName(view.qubit)}, ${figure.querySelector("figcaption").textContent}: ${said}`);
}

// ---------------------------------------------------------------- bits

// A node knows a bit if the node has measured it, or if a message that carries it has arrived.
function knownBits(node, time) {
  const known = {};
  for (const event of tale().events) {
    const at = event.kind === "measure" ? event.nodes : event.kind === "message" ? event.nodes.slice(-1) : [];
    if (event.end <= time && at.includes(node)) Object.assign(known, event.bits);
  }
  return known;
}

function drawGrid() {
  const svg = byId("grid"), names = Object.keys(tale().bits).sort(natural), width = Math.max(300, byId("bits").clientWidth);
  const out = hidden(), nodes = inOrder().filter((k) => !out.includes(k)), left = 110;
  const size = Math.max(4, Math.min(20, (width - left - 8) / Math.max(1, names.length)));
  cleared(svg, width, 20 * nodes.length + 4, `${names.length} bits; the cards say which of them each node knows`);
  nodes.forEach((k, row) => {
    const name = story.nodes[k].name, known = knownBits(name, moments()[view.moment].t), y = 20 * row + 3;
    add(svg, "text", { x: 0, y: y + 12 }, shortened(name, 15));
    names.forEach((bit, column) => {
      const x = left + column * size, side = Math.min(14, size - 1);
      if (!Object.hasOwn(known, bit)) return add(svg, "circle", { cx: x + side / 2, cy: y + 7, r: 1, fill: "var(--faint)" });
      const cell = add(svg, "rect", { x, y: y + 7 - side / 2, width: side, height: side, stroke: "var(--measure)", fill: known[bit] ? "var(--measure)" : "none" });
      add(cell, "title", {}, `${name} knows ${bit} = ${known[bit]}`);
    });
  });
}

// ---------------------------------------------------------------- words

function drawCards() {
  const box = byId("cards"), out = hidden(), now = moments()[view.moment].knows;
  const before = view.moment ? moments()[view.moment - 1].knows : {};
  box.replaceChildren();
  for (const k of inOrder()) {
    const name = story.nodes[k].name;
    if (out.includes(k)) {
      if (k === out[0]) addCard(box, `${out.length} more stations`, "know", [summary(out, now)], []);
    } else addCard(box, name, "knows", now[name] ?? [], before[name] ?? [], inOrder().indexOf(k));
  }
}

function summary(nodes, now) {
  const counts = nodes.map((k) => (now[story.nodes[k].name] ?? []).length), least = Math.min(...counts), most = Math.max(...counts);
  return least === most ? `${most} facts each` : `${least} to ${most} facts each`;
}

function addCard(box, name, verb, facts, before, k = null) {
  const card = add(box, "article", { class: "card", "data-node": name });
  if (k !== null) card.style.borderLeftColor = nodeColour(k);
  add(card, "h3", {}, `${name} ${verb}`);
  const list = add(card, "ul"), fresh = facts.filter((fact) => !before.includes(fact));
  const shown = [...facts.filter((fact) => before.includes(fact)), ...fresh].slice(-FEW_FACTS);
  if (facts.length > shown.length) add(list, "li", {}, `${facts.length - shown.length} earlier facts`);
  for (const fact of shown) add(list, "li", { class: view.moment && fresh.includes(fact) ? "new" : null }, fact);
  if (!facts.length) add(list, "li", {}, "no bit so far");
}

// ---------------------------------------------------------------- what if

const curve = () => story.curves[view.curve];
const short = (number) => String(+number.toFixed(4));
const withUnit = (number) => `${short(number)}${curve().unit ? ` ${curve().unit}` : ""}`;

// A curve is exact at its points, and a straight line between them.
function valueAt(x) {
  const { points } = curve(), k = Math.max(1, points.findIndex((point) => point[0] >= x - 1e-9));
  const [[x0, y0], [x1, y1]] = [points[k - 1], points[k]];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}

function drawCurve() {
  const { points, quantity, unit, figure, chosen, error } = curve(), svg = byId("curve"), now = Number(byId("value").value);
  const width = Math.max(300, byId("curve-part").clientWidth), height = 220, values = points.map((point) => point[1]);
  const [first, last] = [points[0][0], points.at(-1)[0]], spare = 0.08 * (Math.max(...values) - Math.min(...values));
  const most = Math.max(...values), [low, high] = [Math.min(...values) - spare, most <= 1 ? Math.min(1, most + spare) : most + spare];
  const x = (t) => 56 + ((width - 74) * (t - first)) / (last - first), y = (v) => 26 + ((height - 70) * (high - v)) / (high - low);
  const reading = `${figure} ${valueAt(now).toFixed(4)} at ${withUnit(now)}`;
  cleared(svg, width, height, `${figure} against ${quantity}: ${reading}`);
  add(svg, "text", { x: 4, y: 12 }, figure);
  for (let k = 0; k <= 4; k++) {
    const v = low + (k * (high - low)) / 4;
    add(svg, "line", { x1: 56, x2: width - 18, y1: y(v), y2: y(v), stroke: "var(--line)" });
    add(svg, "text", { x: 50, y: y(v) + 4, "text-anchor": "end", class: "faint" }, v.toFixed(3));
  }
  points.forEach(([t], k) => k % 2 === 0 && add(svg, "text", { x: x(t), y: height - 26, "text-anchor": "middle", class: "faint" }, String(+t.toPrecision(2))));
  add(svg, "text", { x: (width + 38) / 2, y: height - 6, "text-anchor": "middle" }, unit ? `${quantity} (${unit})` : quantity);
  const line = { points: points.map(([t, v]) => `${x(t)},${y(v)}`).join(" "), fill: "none", stroke: "var(--gate)", "stroke-width": 2 };
  add(svg, "polyline", error ? line : { ...line, "stroke-width": 1, "stroke-dasharray": "2 4" });
  for (const [t, v] of points) add(svg, "circle", { cx: x(t), cy: y(v), r: 3, fill: "var(--gate)" });
  add(svg, "line", { x1: x(chosen), x2: x(chosen), y1: 20, y2: height - 44, stroke: "var(--faint)", "stroke-dasharray": "3 3" });
  add(svg, "circle", { id: "here", cx: x(now), cy: y(valueAt(now)), r: 6.5, fill: "var(--link)", stroke: "var(--paper)", "stroke-width": 1.5 });
  byId("reading").textContent = reading;
  byId("value").setAttribute("aria-valuetext", reading);
}

function showCurve() {
  byId("curve-part").hidden = false;
  byId("prediction").querySelectorAll("button, input").forEach((each) => (each.disabled = true));
  drawCurve();
  byId("value").focus();
}

function judge(event) {
  event.preventDefault();
  const { asked, figure, tolerance } = curve(), guess = Number(byId("guess").value), exact = valueAt(asked), off = Math.abs(guess - exact);
  const verdict = off <= tolerance ? "Right" : "Not yet";
  byId("verdict").textContent = `${verdict}: you said ${guess}, and the ${figure} at ${withUnit(asked)} is ${exact.toFixed(4)}. The difference is ${off.toFixed(4)}; ${tolerance} was allowed.`;
  byId("value").value = asked;
  showCurve();
}

function askCurve(k) {
  view.curve = k;
  const { points, quantity, unit, figure, asked, chosen, error, tolerance } = curve(), [low, high] = [points[0][0], points.at(-1)[0]];
  byId("curve-part").hidden = true;
  byId("prediction").querySelectorAll("button, input").forEach((each) => (each.disabled = false));
  byId("guess").value = byId("verdict").textContent = "";
  byId("ask").textContent = `Predict first: the ${figure} at ${withUnit(asked)} (${quantity}), within ±${tolerance}.`;
  byId("value-label").textContent = `${quantity[0].toUpperCase()}${quantity.slice(1)}${unit ? ` (${unit})` : ""}`;
  Object.assign(byId("value"), { min: low, max: high, step: error ? (high - low) / 200 : 1, value: chosen });
  const between = error ? `Between two points the straight line is off by at most ${error.toPrecision(1)}.` : "Only whole numbers count.";
  byId("curve-note").textContent = `${points.length} exact points, computed for the same model of noise without sampling. ${between} In this story the ${quantity} is ${withUnit(chosen)}.`;
}

function startCurves() {
  byId("what-if").hidden = false;
  story.curves.forEach(({ title }, k) => add(byId("which"), "option", { value: k }, title));
  byId("which").onchange = (event) => askCurve(Number(event.target.value));
  byId("prediction").onsubmit = judge;
  byId("reveal").onclick = showCurve;
  byId("value").oninput = drawCurve;
  askCurve(0);
}

// ---------------------------------------------------------------- moving

function draw() {
  const moment = moments()[view.moment], last = moments().length - 1;
  drawDiagram();
  if (story.exact) drawSpheres();
  else drawGrid();
  drawCards();
  if (byId("say").textContent !== moment.text) byId("say").textContent = moment.text;
  const where = `moment ${view.moment + 1} of ${last + 1} · ${timeText(moment.t)}`;
  byId("position").textContent = `${where} · shot ${story.shots[view.shot].shot}`;
  Object.assign(byId("moments"), { max: last, value: view.moment });
  byId("moments").setAttribute("aria-valuetext", `${where}: ${moment.text}`);
  byId("back").disabled = view.moment === 0;
  byId("next").disabled = view.moment === last;
  byId("withhold").disabled = !story.shots[view.shot].withheld;
  byId("silence").hidden = tale() === story.shots[view.shot];
  byId("play").textContent = view.timer ? "Pause" : "Play";
}

function go(moment) {
  view.moment = Math.max(0, Math.min(moments().length - 1, moment));
  view.time = moments()[view.moment].t;
  draw();
}

function stop() {
  if (view.timer) clearInterval(view.timer);
  view.timer = null;
}

function step(moment) {
  stop();
  go(moment);
}

// Play takes the same time from each moment to the next; without motion it jumps.
function play() {
  if (view.timer) return step(view.moment);
  if (view.moment === moments().length - 1) go(0);
  const pace = Math.max(SHORTEST_MS, Math.min(MOMENT_MS, WHOLE_MS / moments().length));
  let left = performance.now();
  view.timer = setInterval(() => {
    const share = (performance.now() - left) / pace, next = moments()[view.moment + 1];
    if (share >= 1) {
      left = performance.now();
      go(view.moment + 1);
      if (view.moment === moments().length - 1) step(view.moment);
    } else if (!still.matches && next) {
      view.time = moments()[view.moment].t + share * (next.t - moments()[view.moment].t);
      drawDiagram();
    }
  }, 33);
  draw();
}

// The moment of another tale that is nearest to now, so that nobody is thrown back to the beginning.
function retell(change) {
  const time = moments()[view.moment].t, atEnd = view.moment === moments().length - 1;
  stop();
  Object.assign(view, change);
  const later = moments().findIndex((moment) => moment.t >= time);
  go(atEnd || later < 0 ? moments().length - 1 : later);
}

const KEYS = {
  ArrowRight: () => step(view.moment + 1), ArrowLeft: () => step(view.moment - 1),
  Home: () => step(0), End: () => step(moments().length - 1), " ": play,
};

function onKey(event) {
  const own = event.target.closest?.("button, input, select, summary");
  const uses = own && (event.key === " " || own.matches("select, input[type=range], input[type=number]"));
  if (uses || event.altKey || event.ctrlKey || event.metaKey || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
}

function start() {
  drawLegend();
  story.qubits.forEach((_, k) => add(byId("qubit"), "option", { value: k }, qubitName(k)));
  const order = inOrder(), last = story.nodes[order.at(-1)].qubits;
  view.qubit = last.length ? last[0] : 0;
  byId("qubit").value = view.qubit;
  byId("states").hidden = !story.exact;
  byId("bits").hidden = story.exact;
  byId("stage").classList.toggle("wide", !story.exact);
  byId("stations").hidden = order.length <= FEW_NODES;
  byId("silence").textContent = `No message is sent. ${story.corrections === "feedforward"
    ? "Nobody waits for one, so this is another circuit: a shot without corrections in which the bits of the message are the same."
    : "Everything else is the same shot."}`;
  byId("another").hidden = story.shots.length < 2;
  for (const note of story.notes) add(byId("notes"), "li", {}, note);
  byId("back").onclick = () => step(view.moment - 1);
  byId("next").onclick = () => step(view.moment + 1);
  byId("play").onclick = play;
  byId("moments").oninput = (event) => step(Number(event.target.value));
  byId("another").onclick = () => retell({ shot: (view.shot + 1) % story.shots.length });
  byId("withhold").onchange = (event) => retell({ withheld: event.target.checked });
  byId("scaled").onchange = (event) => { view.scaled = event.target.checked; draw(); };
  byId("all").onchange = (event) => { view.all = event.target.checked; draw(); };
  const choose = (k) => { view.qubit = k; byId("qubit").value = k; draw(); };
  byId("qubit").onchange = (event) => choose(Number(event.target.value));
  byId("diagram").onclick = (event) => {
    const row = event.target.closest("[data-qubit]");
    if (row && story.exact) choose(Number(row.dataset.qubit));
  };
  addEventListener("keydown", onKey);
  if (story.curves?.length) startCurves();
  let drawn = 0;
  new ResizeObserver(([{ contentRect: { width } }]) => {
    if (width !== drawn) draw();
    if (width !== drawn && !byId("curve-part").hidden) drawCurve();
    drawn = width;
  }).observe(byId("picture"));
  go(0);
}

start();
