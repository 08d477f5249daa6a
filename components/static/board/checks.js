// The checks before every order as bars, worst first; pressing one shows every figure that it compares.

import { element, setAttribute, setText } from "./dom.js";

const HOLD_MS = 10_000; // an order of rows that still holds by tone stays so long: figures wobble, rows should not

const percent = (share) => `${(Math.min(Math.max(share ?? 0, 0), 1) * 100).toFixed(1)}%`;

function cells() {
  const node = {
    fill: element("i", { class: "desk-bar-fill" }), what: element("span", { class: "desk-check-what" }), value: element("b", { class: "n" }),
    bound: element("span", { class: "desk-soft" }), word: element("span"),
  };
  node.track = element("div", { class: "desk-bar-track" }, node.fill);
  return node;
}

function drawFigure(node, figure) {
  node.track.classList.toggle("desk-check-none", figure.share === null);
  node.fill.style.width = percent(figure.share);
  node.fill.className = `desk-bar-fill desk-fill-${figure.tone}`;
  setText(node.what, figure.underlying ? `${figure.underlying}  ${figure.name}` : figure.name);
  setAttribute(node.what, "title", node.what.textContent);
  setText(node.value, figure.text);
  setAttribute(node.value, "data-value", figure.value);
  setAttribute(node.value, "data-unit", figure.unit);
  setAttribute(node.value, "title", figure.text);
  setText(node.bound, figure.bound);
  setAttribute(node.bound, "title", figure.bound);
  const measured = figure.share !== null && figure.value !== null;
  setText(node.word, measured ? `${figure.word} · ${Math.round(figure.share * 100)} %` : figure.word);
  node.word.className = `desk-bar-word desk-${figure.tone}`;
}

function build(check, toggle) {
  const node = cells();
  node.sentence = element("span", { class: "desk-check-sentence" });
  node.press = element("button", { class: "desk-check", type: "button", "aria-expanded": "false", onclick: toggle },
    node.sentence, node.track, node.what, node.value, node.bound, node.word, element("small", {}, check.control));
  node.figures = element("div", { class: "desk-check-figures", hidden: true });
  node.root = element("div", { "data-testid": `check-${check.id}` }, node.press, node.figures);
  node.lines = [];
  return node;
}

function draw(node, check, open) {
  setText(node.sentence, check.sentence);
  setAttribute(node.sentence, "title", check.sentence);
  setAttribute(node.root, "data-tone", check.tone);
  setAttribute(node.root, "data-value", check.share);
  const none = { share: null, tone: check.tone, underlying: "", name: "", text: "", bound: "", value: null, word: check.word };
  drawFigure(node, check.figures[0] ?? none);
  const others = check.figures.slice(1); // the line itself shows the nearest
  node.figures.hidden = !open || others.length === 0;
  node.press.setAttribute("aria-expanded", String(open));
  if (node.figures.hidden) return;
  while (node.lines.length < others.length) {
    const line = cells();
    line.root = element("div", { class: "desk-check" }, element("span"), line.track, line.what, line.value, line.bound, line.word, element("small"));
    node.lines.push(line);
  }
  others.forEach((figure, index) => drawFigure(node.lines[index], figure));
  const roots = node.lines.slice(0, others.length).map((line) => line.root);
  if (node.figures.children.length !== roots.length) node.figures.replaceChildren(...roots);
}

export function checks(host, spec) {
  const finding = element("span", { "data-testid": "checks-finding" });
  const all = element("button", { class: "desk-small", type: "button", "data-testid": "checks-all", "aria-pressed": "false" }, "Every figure");
  const list = element("div", { class: "desk-checks" });
  const empty = element("div", { class: "desk-empty" });
  host.append(
    element("header", { class: "desk-head" }, element("span", { class: "desk-title" }, spec.title), finding,
      element("span", { class: "desk-slot" }, element("span", { class: "desk-unit" }, "the bar is full at the bound; worst first; press a line for each figure"), all)),
    list, empty);
  const built = new Map();
  const opened = new Set();
  let payload = null;
  let order = [];
  let tones = "";
  let orderedAt = 0;

  const redraw = () => payload && update(payload);
  all.addEventListener("click", () => {
    const wanted = opened.size < built.size;
    built.forEach((_, id) => (wanted ? opened.add(id) : opened.delete(id)));
    redraw();
  });

  function arrange(found) {
    const now = found.map((check) => `${check.id}=${check.tone}`).sort().join();
    if (now === tones && Date.now() - orderedAt < HOLD_MS) return;
    [tones, orderedAt] = [now, Date.now()];
    order = found.map((check) => check.id);
    const nodes = order.map((id) => built.get(id).root);
    if (nodes.length !== list.children.length || nodes.some((node, index) => list.children[index] !== node)) list.replaceChildren(...nodes);
  }

  function update(next) {
    payload = next;
    for (const check of next.checks) {
      const toggle = () => {
        if (!opened.delete(check.id)) opened.add(check.id);
        redraw();
      };
      if (!built.has(check.id)) built.set(check.id, build(check, toggle));
      draw(built.get(check.id), check, opened.has(check.id));
    }
    const ids = new Set(next.checks.map((check) => check.id));
    for (const id of built.keys()) if (!ids.has(id)) built.delete(id);
    arrange(next.checks);
    setText(finding, next.checks.length ? next.finding : "");
    finding.className = `desk-check-finding desk-${next.tone}`;
    all.setAttribute("aria-pressed", String(opened.size > 0 && opened.size >= built.size));
    setText(empty, next.empty);
    empty.hidden = next.checks.length > 0;
    list.hidden = next.checks.length === 0;
  }

  return { update, close() {} };
}
