// Nodes, qubits and messages in time.
const KINDS = {
  link: ["link", "Bell pair"], gate: ["gate", "gate"], channel: ["link", "qubit on its way"], measure: ["measure", "measurement"],
  message: ["message", "message"], decision: ["decision", "decision"], correction: ["decision", "correction"],
  reset: ["reset", "reset"], wait: ["wait", "waits, and decays"],
};

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
  // Neighbours that turn each other while they wait are joined where their states have turned.
  if (event.kind === "wait" && rows.length > 1) {
    if (event.end <= view.time) add(group, "line", { x1: x(event.end), x2: x(event.end), y1: Math.min(...rows), y2: Math.max(...rows), stroke: colour, "stroke-width": 1.5 });
    return;
  }
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
  if (story.device === null) KINDS.wait[1] = "waits";
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
