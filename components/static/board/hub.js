// One socket for the whole tab: newest payload per topic, drawn once per animation frame.

const SILENT_AFTER_MS = 5000; // the engine's view is older than this: grey
const LOST_AFTER_MS = 3500; // nothing from the app itself, though it pulses every second
const RETRY_MS = [200, 500, 1000, 2000, 4000];

const subscribers = new Map(); // topic -> Set of functions
const newest = new Map(); // topic -> payload
const dirty = new Set();
const tickers = new Set();

let socket = null;
let tickets = [];
let haltTicket = "";
let tries = 0;
let offset = 0; // server clock minus ours, ms
let heardAt = 0;
let trouble = "";
let retry = 0;
let asked = "";
let frames = 0;

export const state = {
  serverNow: () => Date.now() + offset,
  haltTicket: () => haltTicket,
  trouble: () => trouble,
  topic: (name) => newest.get(name),
  frames: () => frames,
};

export function configure({ ticket, halt }) {
  if (ticket) tickets = [ticket];
  if (halt) haltTicket = halt;
  if (!socket) connect();
}

export function subscribe(topic, draw) {
  if (!subscribers.has(topic)) subscribers.set(topic, new Set());
  subscribers.get(topic).add(draw);
  ask();
  if (newest.has(topic)) draw(newest.get(topic));
  return () => {
    const all = subscribers.get(topic);
    all?.delete(draw);
    if (all && all.size === 0) {
      subscribers.delete(topic);
      newest.delete(topic);
      ask();
    }
  };
}

export function everyTick(draw) {
  tickers.add(draw);
  return () => tickers.delete(draw);
}

function ask() {
  const want = document.hidden ? [] : [...subscribers.keys()].sort();
  const text = JSON.stringify({ want });
  if (text === asked || !socket || socket.readyState !== WebSocket.OPEN) return;
  asked = text;
  socket.send(text);
}

function connect() {
  clearTimeout(retry);
  const ticket = tickets.pop();
  if (!ticket) return; // the heartbeat brings the next one
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const opened = new WebSocket(`${scheme}://${location.host}/live?ticket=${encodeURIComponent(ticket)}`);
  socket = opened;
  asked = "";
  opened.onopen = () => ask();
  opened.onmessage = (event) => {
    tries = 0;
    hear(JSON.parse(event.data));
  };
  opened.onclose = () => {
    if (socket !== opened) return;
    socket = null;
    asked = "";
    retry = setTimeout(connect, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]);
  };
}

function hear(message) {
  if (message.ticket) {
    tickets.push(message.ticket);
    return;
  }
  heardAt = Date.now();
  offset = message.now - heardAt;
  trouble = message.trouble;
  let any = false;
  for (const [topic, payload] of Object.entries(message.topics)) {
    newest.set(topic, payload);
    dirty.add(topic);
    any = true;
  }
  if (any) {
    frames += 1;
    requestAnimationFrame(flush);
  }
}

function flush() {
  for (const topic of [...dirty]) {
    dirty.delete(topic);
    const payload = newest.get(topic);
    for (const draw of subscribers.get(topic) ?? []) draw(payload);
  }
}

// How the page stands to the engine: live, starting, silent (engine), lost (app).
export function standing() {
  const strip = newest.get("strip");
  if (!heardAt || Date.now() - heardAt > LOST_AFTER_MS) return heardAt ? "lost" : "opening";
  if (!strip || strip.phase !== "running" || !strip.at) return strip?.phase === "failed" ? "failed" : "starting";
  return state.serverNow() - strip.at > SILENT_AFTER_MS ? "silent" : "live";
}

// The feed that is furthest beyond its limit, with its age in seconds; null while all are fresh.
export function staleFeed() {
  const now = state.serverNow();
  const feeds = (newest.get("strip")?.feeds ?? []).map((feed) => ({ ...feed, age: feed.at === null ? Infinity : (now - feed.at) / 1000 }));
  const stale = feeds.filter((feed) => feed.age > feed.limit);
  return stale.sort((one, two) => two.age / two.limit - one.age / one.limit)[0] ?? null;
}

function tick() {
  document.documentElement.dataset.deskLink = standing();
  for (const draw of tickers) draw();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) newest.forEach((_, topic) => topic !== "strip" && newest.delete(topic));
  ask();
});
setInterval(tick, 250);
