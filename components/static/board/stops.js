// The milder ways to stop, beside Halt: only what reduces, and automatic mode off. One press each, a reason if one likes.

import { element } from "./dom.js";
import { stop } from "./halt.js";

const WAYS = [
  ["reduce", "Only reduce", "sends only what shrinks delta and position; automatic mode ends; two people bring it back", "stop-reduce"],
  ["auto off", "Automatic off", "a person approves every hedge; orders at work go on", "stop-auto"],
];

export function stops(said) {
  const why = element("input", { class: "desk-filter", type: "text", maxlength: "200", placeholder: "reason, if you like", "aria-label": "reason for stopping", "data-testid": "stop-why" });
  const buttons = WAYS.map(([what, label, note, id]) =>
    element("button", { class: "desk-stop", type: "button", "data-testid": id, onclick: () => {
      stop(what, said, why.value.trim() || `pressed ${label}`);
      show(false);
    } }, element("b", {}, label), element("span", {}, note)));
  const menu = element("div", { class: "desk-stops", role: "menu", "aria-label": "milder ways to stop", "data-testid": "stops", hidden: true }, why, ...buttons);
  const press = element("button", { class: "desk-small desk-stops-key", type: "button", "data-testid": "stops-key", title: "milder ways to stop: only reduce, automatic off", "aria-haspopup": "menu", "aria-expanded": "false" }, "▾");

  function show(wanted) {
    menu.hidden = !wanted;
    press.setAttribute("aria-expanded", String(wanted));
    if (!wanted) return;
    why.value = "";
    const box = press.getBoundingClientRect();
    menu.style.top = `${box.bottom + 6}px`;
    menu.style.right = `${Math.max(8, innerWidth - box.right)}px`;
    buttons[0].focus();
  }
  const outside = (event) => !menu.hidden && !menu.contains(event.target) && !press.contains(event.target) && show(false);
  const leave = (event) => {
    if (event.key !== "Escape" || menu.hidden) return;
    show(false);
    press.focus();
  };
  press.addEventListener("click", () => show(menu.hidden));
  document.addEventListener("pointerdown", outside);
  document.addEventListener("keydown", leave);
  document.body.append(menu);
  return {
    press,
    close() {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", leave);
      menu.remove();
    },
  };
}
