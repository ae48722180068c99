// What nodes know: squares of bits, and facts in words.
const FEW_FACTS = 8; // a card lists so many, and counts the rest

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
