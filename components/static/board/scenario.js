// Scenario sheets: charts that are mounted once and redrawn with what the script computed.

import { chart } from "./chart.js";
import { element, setText } from "./dom.js";
import { everyTick, standing, state } from "./hub.js";
import { refresh } from "./theme.js";

const OLD_AFTER_MS = 12_000; // a refresh is due every 5 s
const sheets = new WeakMap();

export function sheet(root, data) {
  refresh();
  let held = sheets.get(root);
  if (!held) {
    const host = element("div", { class: `desk-board desk-panel desk-live desk-sheet desk-sheet-${data.id}` });
    root.append(host);
    held = { host, chart: chart(host, { id: data.id }, data.base) };
    sheets.set(root, held);
  }
  held.chart.update(data.chart);
}

export function unsheet(root) {
  const held = sheets.get(root);
  held?.chart.close();
  held?.host.remove();
  sheets.delete(root);
}

// The age of the book that a sentence speaks of: the server wrote when it was, the page counts.
everyTick(() => {
  for (const node of document.querySelectorAll("[data-desk-since]")) {
    const age = Math.max(0, state.serverNow() - Number(node.dataset.deskSince));
    setText(node, age < 120_000 ? `, ${Math.round(age / 1000)} s ago` : `, ${Math.round(age / 60_000)} min ago`);
    node.classList.toggle("desk-near", age > OLD_AFTER_MS || standing() !== "live");
  }
});
