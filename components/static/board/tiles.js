// Tiles of the first page: one per underlying, drawn once, then only the figures change.

import { ageText, element, setAttribute, setFigure, setText } from "./dom.js";
import { everyTick, staleFeed, standing, state } from "./hub.js";

const OLD_AFTER_MS = 2000;

function build(tile, choose) {
  const parts = {
    delta: element("b", { class: "desk-big" }),
    deltaUsd: element("span"),
    index: element("span"),
    label: element("div", { class: "desk-label desk-delta-label", title: "what the delta is measured against, and what volatility is taken to do when the price moves" }),
    incomplete: element("span", { class: "desk-chip desk-unknown" }),
    warning: element("span", { class: "desk-chip desk-near" }),
    age: element("span", { class: "desk-chip desk-near desk-age" }),
    ticket: element("span", { class: "desk-chip desk-wait" }),
    word: element("span", { class: "desk-word" }),
    track: element("div", { class: "desk-track" }),
    band: element("i", { class: "desk-track-band" }),
    centre: element("i", { class: "desk-track-centre" }),
    here: element("i", { class: "desk-track-after" }),
    scale: element("div", { class: "desk-scale" }),
    grid: element("dl", { class: "desk-values" }),
    proof: element("span"),
    decision: element("span", { class: "desk-decision" }),
  };
  parts.track.append(parts.band, parts.centre, parts.here);
  const name = element("button", { class: "desk-name", type: "button", "data-testid": `choose-${tile.underlying}`, title: "show this underlying in the charts", onclick: () => choose(tile.underlying) }, tile.underlying);
  const root = element(
    "section",
    { class: "desk-tile desk-live", "data-testid": `tile-${tile.underlying}`, "data-underlying": tile.underlying, onclick: () => choose(tile.underlying) },
    element("header", { class: "desk-tile-head" }, name, parts.index, parts.ticket, parts.incomplete, parts.warning, parts.age),
    element("div", { class: "desk-tile-main" },
      element("div", { class: "desk-tile-delta" },
        parts.label,
        element("div", { class: "desk-headline" }, parts.delta, element("span", { class: "desk-unit" }, tile.underlying), parts.deltaUsd, element("span", { class: "desk-unit" }, "USD")),
        element("div", { class: "desk-gauge" }, parts.word, parts.track, parts.scale)),
      parts.grid),
    element("footer", { class: "desk-tile-foot" }, element("span", { class: "desk-label" }, "delta proof"), parts.proof, parts.decision),
  );
  return { root, parts, figures: new Map() };
}

function drawGauge(parts, gauge) {
  parts.track.hidden = !gauge;
  if (!gauge) {
    setText(parts.word, "band: unknown");
    parts.word.className = "desk-word desk-unknown";
    setText(parts.scale, "");
    return;
  }
  const width = gauge.upper - gauge.lower || 1;
  let low = gauge.lower - width * 0.6;
  let high = gauge.upper + width * 0.6;
  low = Math.min(low, gauge.delta - width * 0.2);
  high = Math.max(high, gauge.delta + width * 0.2);
  const at = (value) => `${(((value - low) / (high - low)) * 100).toFixed(2)}%`;
  parts.band.style.left = at(gauge.lower);
  parts.band.style.width = `${((width / (high - low)) * 100).toFixed(2)}%`;
  parts.centre.style.left = at(gauge.centre);
  parts.here.style.left = at(gauge.delta);
  parts.here.className = `desk-track-after desk-${gauge.tone}`;
  drawWord(parts, gauge);
  setText(parts.scale, `band ${signed(gauge.lower)} … ${signed(gauge.upper)}`);
}

// "Inside" is only said of fresh figures.
function drawWord(parts, gauge) {
  const stale = staleFeed();
  const doubted = gauge.tone === "good" && (stale || standing() !== "live");
  parts.word.className = `desk-word desk-${doubted ? "unknown" : gauge.tone}`;
  setText(parts.word, doubted ? `not certain: ${stale ? `${stale.name} too old` : "figures are not live"}` : gauge.word);
}

function signed(value) {
  const text = Math.abs(value).toLocaleString("en-US", { maximumFractionDigits: 2 });
  return value === 0 ? "0" : (value > 0 ? "+" : "−") + text;
}

function chip(node, text) {
  setText(node, text);
  node.hidden = !text;
}

function drawTile(built, tile, chosen) {
  const { parts } = built;
  setAttribute(built.root, "data-chosen", tile.underlying === chosen ? "yes" : "");
  setFigure(parts.delta, tile.delta);
  setFigure(parts.deltaUsd, tile.delta_usd);
  setFigure(parts.index, { ...tile.index, text: `${tile.index.text} USD` });
  setText(parts.label, tile.delta.label);
  setAttribute(parts.label, "data-testid", `convention-${tile.underlying}`);
  chip(parts.incomplete, tile.incomplete && "incomplete");
  setAttribute(parts.incomplete, "title", tile.incomplete);
  chip(parts.warning, tile.warning && "order outcome unknown");
  setAttribute(parts.warning, "title", tile.warning);
  chip(parts.ticket, tile.waiting && `ticket ${tile.waiting} waits`);
  drawGauge(parts, tile.gauge);
  tile.values.forEach((figure) => {
    let node = built.figures.get(figure.id);
    if (!node) {
      node = { term: element("dt"), value: element("dd"), unit: element("small") };
      parts.grid.append(element("div", {}, node.term, element("div", {}, node.value, node.unit)));
      built.figures.set(figure.id, node);
    }
    setText(node.term, figure.label);
    setText(node.unit, figure.unit);
    setFigure(node.value, figure);
  });
  setFigure(parts.proof, tile.proof);
  setFigure(parts.decision, tile.decision);
  setText(parts.decision, `${tile.decision.label}: ${tile.decision.text}`);
  setAttribute(parts.decision, "title", `${tile.decision.text} · ${tile.decision.note}`);
}

export function tiles(host, spec, board) {
  host.classList.add("desk-tiles");
  const empty = element("div", { class: "desk-empty" });
  const built = new Map();
  let payload = null;

  const draw = () => {
    if (!payload) return;
    const names = payload.tiles.map((tile) => tile.underlying);
    board.offer(names);
    for (const [name, tile] of built) {
      if (names.includes(name)) continue;
      tile.root.remove();
      built.delete(name);
    }
    for (const tile of payload.tiles) {
      if (!built.has(tile.underlying)) {
        built.set(tile.underlying, build(tile, (name) => board.choose(name)));
        host.append(built.get(tile.underlying).root);
      }
      drawTile(built.get(tile.underlying), tile, board.chosen());
    }
    setText(empty, names.length ? "" : payload.empty);
    if (!names.length) host.append(empty);
    else empty.remove();
  };
  const quiet = everyTick(() => {
    const at = state.topic("strip")?.at;
    const age = at ? state.serverNow() - at : 0;
    for (const { parts } of built.values()) chip(parts.age, age > OLD_AFTER_MS ? `${ageText(age / 1000)} old` : "");
    for (const tile of payload?.tiles ?? []) if (tile.gauge) drawWord(built.get(tile.underlying).parts, tile.gauge);
  });
  board.onChoose(draw);
  return {
    update(next) {
      payload = next;
      draw();
    },
    close: quiet,
  };
}
