// Limits and bands as bars: filled to the hard limit, with a notch where soft begins and the band shaded.

import { element, setText, setAttribute } from "./dom.js";

function build(bar) {
  const node = {
    group: element("span", { class: "desk-unit" }), value: element("b"), unit: element("small"), word: element("span"),
    fill: element("i", { class: "desk-bar-fill" }), soft: element("i", { class: "desk-bar-soft", title: "the soft limit" }),
    band: element("i", { class: "desk-bar-band", title: "the band of the policy" }),
    bounds: element("span", { class: "desk-unit" }), forecast: element("span", { class: "desk-bar-forecast", "data-testid": `forecast-${bar.id}` }),
    name: element("div", { class: "desk-bar-name" }, element("b", {}, bar.underlying), ` ${bar.measure}`),
  };
  node.root = element("div", { class: "desk-bar", "data-testid": bar.id },
    node.group, node.name, element("div", { class: "desk-bar-track" }, node.band, node.fill, node.soft),
    element("div", { class: "desk-bar-value n" }, node.value, node.unit), node.bounds, node.word, node.forecast);
  setAttribute(node.name, "title", `${bar.underlying} ${bar.measure}`);
  return node;
}

const percent = (share) => `${(Math.min(Math.max(share, 0), 1) * 100).toFixed(1)}%`;

function draw(node, bar, first) {
  setText(node.group, first ? bar.group : "");
  node.root.classList.toggle("desk-bar-first", first);
  node.fill.style.width = percent(bar.share ?? 0);
  node.fill.className = `desk-bar-fill desk-fill-${bar.tone}`;
  node.soft.hidden = bar.soft_share === null;
  node.band.hidden = bar.band_share === null;
  node.soft.style.left = percent(bar.soft_share ?? 0);
  node.band.style.width = percent(bar.band_share ?? 0);
  setText(node.value, bar.value);
  setText(node.unit, bar.unit);
  setText(node.bounds, bar.bounds);
  setText(node.word, bar.share === null ? bar.word : `${bar.word} · ${Math.round(bar.share * 100)} %`);
  node.word.className = `desk-bar-word desk-${bar.tone}`;
  setText(node.forecast, bar.forecast.text);
  node.forecast.className = `desk-bar-forecast desk-${bar.forecast.tone}`;
  setAttribute(node.forecast, "title", bar.forecast.note);
  setAttribute(node.root, "data-value", bar.share);
}

export function bars(host, spec) {
  const list = element("div", { class: "desk-bars" });
  const empty = element("div", { class: "desk-empty" });
  host.append(
    element("header", { class: "desk-head" }, element("span", { class: "desk-title" }, spec.title),
      element("span", { class: "desk-unit" }, "the bar is full at the hard limit; the notch is the soft one, the shade the policy's band; a band's bar is full at its edge")),
    list, empty);
  const built = new Map();
  return {
    update(payload) {
      const nodes = payload.bars.map((bar, index) => {
        if (!built.has(bar.id)) built.set(bar.id, build(bar));
        draw(built.get(bar.id), bar, bar.group !== payload.bars[index - 1]?.group);
        return built.get(bar.id).root;
      });
      if (nodes.length !== list.children.length || nodes.some((node, index) => list.children[index] !== node)) list.replaceChildren(...nodes);
      const ids = new Set(payload.bars.map((bar) => bar.id));
      for (const id of built.keys()) if (!ids.has(id)) built.delete(id);
      setText(empty, payload.empty);
      empty.hidden = payload.bars.length > 0;
      list.hidden = payload.bars.length === 0;
    },
    close() {},
  };
}
