// What observers say of a qubit: a Bloch sphere for each.
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
