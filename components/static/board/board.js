// Mounts a page's widgets once and keeps them fed; a second call with other data changes no chart.

import { bars } from "./bars.js";
import { chart, preload } from "./chart.js";
import { checks } from "./checks.js";
import { element, leftText, setText } from "./dom.js";
import { configure, everyTick, standing, state, subscribe } from "./hub.js";
import { showHelp } from "./keys.js";
import { strip } from "./strip.js";
import { table } from "./table.js";
import { proofs } from "./proofs.js";
import "./revive.js";
import { refresh } from "./theme.js";
import { tiles } from "./tiles.js";

const KINDS = { tiles, table, bars, strip, chart, proofs, checks };
const CHOICE = "desk-underlying";
const boards = new WeakMap();
let mounts = 0;

function styles(base) {
  if (document.querySelector(`link[href="${base}/style.css"]`)) return;
  document.head.append(element("link", { rel: "stylesheet", href: `${base}/style.css` }));
}

class Board {
  constructor(root, data) {
    this.widgets = [];
    this.listeners = [];
    this.names = [];
    this.base = data.base;
    this.page = data.page;
    this.root = element("div", { class: `desk-board desk-page-${data.page}`, "data-testid": `board-${data.page}`, "data-mount": ++mounts });
    this.cover = element("div", { class: "desk-cover", role: "status", "data-testid": `cover-${data.page}` });
    this.root.append(this.cover);
    root.append(this.root);
    for (const spec of data.widgets) this.add(spec);
    this.quiet = everyTick(() => this.tick());
    this.tick();
  }

  add(spec) {
    const host = element("div", { class: `desk-widget desk-kind-${spec.kind} ${["tiles", "strip"].includes(spec.kind) ? "" : "desk-panel desk-live"}`, style: `grid-area:${spec.id}` });
    this.root.append(host);
    const widget = KINDS[spec.kind](host, spec, spec.kind === "chart" ? this.base : this);
    const held = { spec, widget, topic: "", drop: () => {}, choice: spec.topic };
    if (spec.other) this.addSwitch(held, widget.slot);
    if (spec.kind === "chart" && spec.tabs) this.addTabs(widget.slot);
    this.widgets.push(held);
    this.feed(held);
  }

  addSwitch(held, slot) {
    const buttons = [[held.spec.topic, held.spec.label], [held.spec.other, held.spec.other_label]].map(([topic, label]) =>
      element("button", { class: "desk-small", type: "button", onclick: () => { held.choice = topic; mark(); this.feed(held); } }, label));
    const mark = () => buttons.forEach((button, index) => button.setAttribute("aria-pressed", String((index === 0) === (held.choice === held.spec.topic))));
    mark();
    slot.append(...buttons);
  }

  addTabs(slot) {
    const draw = () => slot.replaceChildren(...this.names.map((name) =>
      element("button", { class: "desk-small", type: "button", "aria-pressed": String(name === this.chosen()), "data-testid": `tab-${name}`, onclick: () => this.choose(name) }, name)));
    this.onChoose(draw);
  }

  feed(held) {
    const topic = held.choice.replace("{u}", this.chosen());
    if (topic === held.topic || topic.endsWith(":")) return;
    held.drop();
    held.topic = topic;
    held.drop = subscribe(topic, (payload) => held.widget.update(payload));
  }

  chosen() {
    const kept = sessionStorage.getItem(CHOICE) ?? "";
    return this.names.includes(kept) ? kept : this.names[0] ?? "";
  }

  offer(names) {
    if (names.join() === this.names.join()) return;
    this.names = names;
    this.changed();
  }

  choose(name) {
    sessionStorage.setItem(CHOICE, name);
    this.changed();
  }

  changed() {
    this.widgets.forEach((held) => this.feed(held));
    this.listeners.forEach((tell) => tell());
  }

  onChoose(tell) {
    this.listeners.push(tell);
  }

  tick() {
    const link = standing();
    const strip = state.topic("strip");
    const words = {
      opening: ["Opening the live figures", ""],
      starting: ["Starting", strip?.note ?? ""],
      failed: ["No engine", strip?.note ?? ""],
    }[link];
    this.cover.hidden = !words;
    if (words) setText(this.cover, words.filter(Boolean).join(": "));
    this.root.classList.toggle("desk-waiting", Boolean(words));
  }

  close() {
    this.quiet();
    for (const held of this.widgets) {
      held.drop();
      held.widget.close();
    }
    this.root.remove();
  }
}

class Names {
  // Feeds the list of underlyings to a board that has no tiles of its own.
  constructor(board) {
    this.drop = subscribe("tiles", (payload) => board.offer(payload.tiles.map((tile) => tile.underlying)));
  }
}

export function mount(root, data) {
  refresh();
  styles(data.base);
  const held = boards.get(root);
  if (held) return;
  if (data.widgets.some((spec) => spec.kind === "chart")) preload(data.base);
  const board = new Board(root, data);
  boards.set(root, board);
  if (data.widgets.some((spec) => spec.topic.includes("{u}")) && !data.widgets.some((spec) => spec.kind === "tiles")) {
    board.names_feed = new Names(board);
  }
}

export function unmount(root) {
  const board = boards.get(root);
  board?.names_feed?.drop();
  board?.close();
  boards.delete(root);
}

// The heartbeat's invisible part: brings tickets in, and tells the script when buttons must change.
const links = new WeakMap();
export function link(root, data, setStateValue) {
  styles(data.base);
  configure(data);
  const held = links.get(root) ?? { seen: data.seen };
  held.tell = setStateValue;
  held.seen = data.seen ?? held.seen;
  if (!links.has(root) && data.watch) {
    held.drop = subscribe("strip", (payload) => {
      if (payload.changed === held.told || payload.changed === held.seen) return;
      held.told = payload.changed;
      nudge(held, payload.changed);
    });
  }
  links.set(root, held);
}

// One rerun at a time: two fragments nudged in one breath would share one batch of widget updates.
let lastNudge = 0;
function nudge(held, changed) {
  const wait = Math.max(0, lastNudge + 120 - Date.now());
  lastNudge = Date.now() + wait;
  setTimeout(() => tellUnlessLeaving(held, changed), wait);
}

// A rerun of this page's fragment that is sent after another page was asked for would empty that other page.
// components/page_turns.py makes a whole run of it; to spare that run nothing is told while the user is leaving,
// and a page that stays after all is told a little later.
const LEAVING_MS = 1500;
let leftAt = 0;
for (const kind of ["click", "popstate"]) {
  addEventListener(
    kind,
    (event) => {
      if (kind === "popstate" || event.target.closest?.('a, [data-testid="stTopNavLink"]')) leftAt = Date.now();
    },
    true,
  );
}
function tellUnlessLeaving(held, changed) {
  if (held.gone) return;
  const wait = leftAt + LEAVING_MS - Date.now();
  if (wait > 0) setTimeout(() => tellUnlessLeaving(held, changed), wait);
  else held.tell("seen", changed);
}

export function unlink(root) {
  const held = links.get(root);
  if (held) held.gone = true;
  held?.drop?.();
  links.delete(root);
}

// Countdowns inside native cards: the server wrote from and until, the page counts.
everyTick(() => {
  for (const node of document.querySelectorAll("[data-desk-until]")) {
    const from = Number(node.dataset.deskFrom);
    const until = Number(node.dataset.deskUntil);
    const left = (until - state.serverNow()) / 1000;
    setText(node, left > 0 ? `expires in ${leftText(left)}` : "expired");
    const share = Math.max(0, Math.min(1, (left * 1000) / (until - from)));
    node.style.setProperty("--share", `${(share * 360).toFixed(0)}deg`);
    node.classList.toggle("desk-near", left < 30);
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-desk-help]")) showHelp();
});
