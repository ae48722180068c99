// A figure against what a reader may change.
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
