// Limits as bars: filled to the hard limit, with a notch where soft begins.

import { element, setText, setAttribute } from "./dom.js";

function build(bar) {
  const node = {
    value: element("b"), word: element("span"), fill: element("i", { class: "desk-bar-fill" }),
    soft: element("i", { class: "desk-bar-soft", title: "soft limit" }), limits: element("span", { class: "desk-unit" }),
  };
  node.root = element("div", { class: "desk-bar", "data-testid": bar.id },
    element("div", { class: "desk-bar-name" }, element("b", {}, bar.underlying), ` ${bar.measure}`),
    element("div", { class: "desk-bar-track" }, node.fill, node.soft),
    element("div", { class: "desk-bar-value n" }, node.value, element("small", {}, bar.unit)),
    node.limits, node.word);
  return node;
}

export function bars(host, spec) {
  const list = element("div", { class: "desk-bars" });
  const empty = element("div", { class: "desk-empty" });
  host.append(element("header", { class: "desk-head" }, element("span", { class: "desk-title" }, spec.title), element("span", { class: "desk-unit" }, "share of the hard limit")), list, empty);
  const built = new Map();
  const columns = new Map();
  const column = (name) => {
    if (!columns.has(name)) {
      columns.set(name, element("div"));
      list.append(columns.get(name));
    }
    return columns.get(name);
  };
  return {
    update(payload) {
      for (const bar of payload.bars) {
        if (!built.has(bar.id)) {
          built.set(bar.id, build(bar));
          column(bar.underlying).append(built.get(bar.id).root);
        }
        const node = built.get(bar.id);
        const share = bar.share === null ? 0 : Math.min(bar.share, 1);
        node.fill.style.width = `${(share * 100).toFixed(1)}%`;
        node.fill.className = `desk-bar-fill desk-fill-${bar.tone}`;
        node.soft.style.left = `${(Math.min(bar.soft_share, 1) * 100).toFixed(1)}%`;
        setText(node.value, bar.value);
        setText(node.limits, `soft ${bar.soft} · hard ${bar.hard}`);
        setText(node.word, bar.share === null ? bar.word : `${bar.word} · ${Math.round(bar.share * 100)} %`);
        node.word.className = `desk-bar-word desk-${bar.tone}`;
        setAttribute(node.root, "data-value", bar.share);
      }
      const ids = new Set(payload.bars.map((bar) => bar.id));
      for (const [id, node] of built) if (!ids.has(id)) { node.root.remove(); built.delete(id); }
      setText(empty, payload.empty);
      empty.hidden = payload.bars.length > 0;
    },
    close() {},
  };
}
