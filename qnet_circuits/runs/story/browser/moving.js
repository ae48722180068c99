// Moments, keys and buttons.
const MOMENT_MS = 1400, WHOLE_MS = 30000, SHORTEST_MS = 120; // how long Play stays at a moment
const still = matchMedia("(prefers-reduced-motion: reduce)");

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
