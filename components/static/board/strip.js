// The status strip: ages tick here, four times a second, whatever the server does.

import { ageText, element, leftText, localTime, setAttribute, setText, utcTime } from "./dom.js";
import { everyTick, staleFeed, standing, state } from "./hub.js";
import { halt } from "./halt.js";
import { stops } from "./stops.js";

const MODES = { paper: "PAPER", testnet: "TESTNET", live: "LIVE" };

function part(id, label) {
  const value = element("b", { "data-testid": `strip-${id}` });
  const root = element("span", { class: `desk-part desk-part-${id}` }, label ? element("small", {}, label) : "", value);
  return { root, value };
}

function show(one, text, tone = "plain", note = "") {
  setText(one.value, text);
  const wanted = `desk-${tone}`;
  if (one.value.className !== wanted) one.value.className = wanted;
  setAttribute(one.root, "title", note);
}

export function strip(host, spec) {
  const parts = {
    mode: part("mode"), state: part("state", "trading"), auto: part("auto", "auto"), engine: part("engine", "engine"),
    feeds: part("feeds", "feeds"), breaches: part("breaches", "limits"), tickets: part("tickets", "tickets"), terms: part("terms", "terms"),
    gaps: part("gaps", "valued"), orders: part("orders", "orders"),
  };
  const press = element("button", { class: "desk-halt", type: "button", "data-testid": "halt", title: "stop sending at once; Shift+H" }, "Halt");
  const said = element("div", { class: "desk-said", role: "status", "data-testid": "halt-said" });
  press.addEventListener("click", () => halt(said));
  const milder = stops(said);
  host.classList.add("desk-strip");
  const help = element("button", { class: "desk-small desk-helpkey", type: "button", "data-desk-help": true, "data-testid": "help-key", title: "the keyboard" }, "?");
  host.append(...Object.values(parts).map((one) => one.root), element("span", { class: "desk-grow" }), said, help, press, milder.press);
  let payload = null;

  const tick = () => {
    const link = standing();
    setAttribute(host, "data-mode", payload?.mode ?? "");
    const now = state.serverNow();
    if (!payload || payload.phase !== "running") return drawWaiting(link);
    show(parts.mode, MODES[payload.mode] ?? payload.mode, "plain", `book ${payload.book}`);
    drawEngine(link, now);
    const halted = payload.state === "halted";
    show(parts.state, link === "live" ? payload.state.toUpperCase() : "unknown", link === "live" ? payload.state_tone : "unknown", payload.state_note);
    setAttribute(press, "data-halted", halted ? "yes" : "");
    setAttribute(host, "data-state", link === "live" ? payload.state : "");
    setText(press, halted ? "Halted" : "Halt");
    const left = payload.auto_until ? ` ${leftText((payload.auto_until - now) / 1000)}` : "";
    show(parts.auto, payload.auto + left, payload.auto_tone, payload.auto_note);
    drawFeeds(now);
    drawBreaches(link);
    show(parts.tickets, payload.waiting ? `${payload.waiting} waiting` : "none", payload.waiting ? "near" : "plain", "tickets that wait for a person");
    const version = payload.terms ? `v${payload.terms}` : "unknown";
    show(parts.terms, payload.proposals ? `${version}, ${payload.proposals} waiting` : version, payload.proposals ? "near" : payload.terms ? "plain" : "unknown", payload.terms_note);
    show(parts.gaps, payload.gaps ? `${payload.gaps} missing` : "all", payload.gaps ? "unknown" : "plain", payload.gaps_note || "every position and balance is valued");
    drawOrders();
  };

  function drawWaiting(link) {
    const failed = payload?.phase === "failed";
    show(parts.mode, failed ? "NO ENGINE" : "STARTING", failed ? "breach" : "near");
    show(parts.engine, link === "lost" ? "app not answering" : payload?.note ?? "connecting", failed ? "breach" : "near");
    for (const name of ["state", "auto", "feeds", "breaches", "tickets", "terms", "gaps", "orders"]) show(parts[name], "–", "unknown");
  }

  function drawEngine(link, now) {
    const age = (now - payload.at) / 1000;
    const since = `last view ${utcTime(payload.at)} UTC (${localTime(payload.at)} here); engine up since ${utcTime(payload.started)} UTC`;
    if (link === "lost") show(parts.engine, `app not answering, figures of ${utcTime(payload.at)}`, "breach", since);
    else if (link === "silent") show(parts.engine, `silent since ${utcTime(payload.at)} UTC, ${ageText(age)}`, "breach", since);
    else if (state.trouble()) show(parts.engine, "ledger not readable", "breach", state.trouble());
    else if (!payload.ready) show(parts.engine, payload.note || "getting ready", "near", since);
    else show(parts.engine, ageText(age), age > 2 ? "near" : "plain", since);
  }

  function drawFeeds(now) {
    const old = payload.feeds.map((feed) => ({ ...feed, age: feed.at === null ? Infinity : (now - feed.at) / 1000 }));
    const stale = old.filter((feed) => feed.age > feed.limit);
    const note = old.map((feed) => `${feed.name}: ${feed.age === Infinity ? "never" : ageText(feed.age)} of ${feed.limit} s`).join("\n");
    if (!old.length) return show(parts.feeds, "none", "unknown", "the engine reports no feed");
    if (!stale.length) {
      const worst = old.reduce((one, two) => (one.age / one.limit > two.age / two.limit ? one : two));
      return show(parts.feeds, `${worst.name} ${ageText(worst.age)}`, "plain", note);
    }
    const first = stale.sort((one, two) => two.age / two.limit - one.age / one.limit)[0];
    const more = stale.length > 1 ? ` +${stale.length - 1}` : "";
    return show(parts.feeds, `${first.name} ${first.age === Infinity ? "never" : `${ageText(first.age)} old`}${more}`, "near", note);
  }

  function drawOrders() {
    const { unknown_orders: unknown, held_orders: held } = payload;
    const words = [unknown ? `${unknown} UNKNOWN` : "", held ? `${held} QUARANTINED` : ""].filter(Boolean).join(", ");
    const notes = [unknown ? "an order left and its outcome is not known" : "", held ? "an order needs a person: see Tickets" : ""].filter(Boolean).join("; ");
    show(parts.orders, words || "clear", words ? "breach" : "plain", notes || "every order's outcome is known");
  }

  function drawBreaches(link) {
    if (payload.hard) return show(parts.breaches, `▲ ${payload.hard} BREACH`, "breach", payload.breaches_note);
    const stale = staleFeed();
    const why = payload.breaches_note || (stale ? `${stale.name} is older than its limit` : "the figures are not live");
    if (payload.unknown_limits || stale || link !== "live") return show(parts.breaches, "unknown", "unknown", why);
    if (payload.soft) return show(parts.breaches, `${payload.soft} above soft`, "near", payload.breaches_note);
    return show(parts.breaches, "inside", "plain", "every limit is inside its soft bound");
  }

  const quiet = everyTick(tick);
  return {
    update(next) {
      payload = next;
      tick();
    },
    close() {
      quiet();
      milder.close();
    },
  };
}
