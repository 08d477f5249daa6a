// The delta proof: a sentence for each account; pressing one opens the table of all roads over the page.

import { element, setAttribute, setText } from "./dom.js";
import { subscribe } from "./hub.js";
import { table } from "./table.js";

const ROADS = "proof-roads"; // asked for only while the table is open

export function proofs(host, spec) {
  const press = element("button", { class: "desk-small", type: "button", "data-testid": "proof-open", "aria-expanded": "false" }, "Every road");
  const list = element("div", { class: "desk-proofs" });
  const empty = element("div", { class: "desk-empty" });
  const detail = element("div", { class: "desk-proof-detail", hidden: true });
  host.append(
    element("header", { class: "desk-head" }, element("span", { class: "desk-title" }, spec.title), element("span", { class: "desk-slot" }, press)),
    list, detail, empty);
  const roads = table(detail, { id: spec.id, title: "Every road", plain: true });
  const built = new Map();
  let drop = () => {};

  const open = (wanted) => {
    if (wanted === !detail.hidden) return;
    detail.hidden = !wanted;
    drop();
    drop = wanted ? subscribe(ROADS, (payload) => roads.update(payload)) : () => {};
    host.classList.toggle("desk-proof-open", wanted);
    press.setAttribute("aria-expanded", String(wanted));
    setText(press, wanted ? "Close" : "Every road");
  };
  const leave = (event) => event.key === "Escape" && !detail.hidden && open(false);
  press.addEventListener("click", () => open(detail.hidden));
  document.addEventListener("keydown", leave);

  const line = (proof) => {
    const word = element("b");
    const words = element("span");
    const root = element("button", { class: "desk-proof", type: "button", "data-testid": proof.id, title: "show every road", onclick: () => open(true) },
      element("span", { class: "desk-unit" }, proof.account), word, words);
    return { root, word, words };
  };

  return {
    update(payload) {
      for (const proof of payload.lines) {
        if (!built.has(proof.id)) {
          built.set(proof.id, line(proof));
          list.append(built.get(proof.id).root);
        }
        const node = built.get(proof.id);
        setText(node.word, proof.word);
        node.word.className = `desk-fig desk-${proof.tone}`;
        setText(node.words, proof.text);
        setAttribute(node.root, "data-verdict", proof.word);
      }
      const ids = new Set(payload.lines.map((proof) => proof.id));
      for (const [id, node] of built) if (!ids.has(id)) { node.root.remove(); built.delete(id); }
      setText(empty, payload.empty);
      empty.hidden = payload.lines.length > 0;
    },
    close() {
      drop();
      document.removeEventListener("keydown", leave);
    },
  };
}
