// Which theme the page wears, and the colours that a figure's tokens stand for.

let palette = null;
const listeners = new Set();

function luminance(colour) {
  const [r, g, b] = (colour.match(/\d+(\.\d+)?/g) ?? [0, 0, 0]).map(Number);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function refresh() {
  const app = document.querySelector(".stApp") ?? document.body;
  const theme = luminance(getComputedStyle(app).backgroundColor) > 128 ? "light" : "dark";
  const root = document.documentElement;
  if (root.dataset.deskTheme === theme && palette) return;
  root.dataset.deskTheme = theme;
  palette = null;
  for (const tell of listeners) tell();
}

export function onTheme(tell) {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

function colour(token) {
  palette ??= getComputedStyle(document.documentElement);
  return palette.getPropertyValue(`--desk-${token.slice(1).replaceAll("_", "-")}`).trim() || "gray";
}

// The same figure with every "@name" replaced by this theme's colour.
export function paint(value) {
  if (typeof value === "string") return /^@[a-z_]+$/.test(value) ? colour(value) : value;
  if (Array.isArray(value)) return typeof value[0] === "number" && typeof value.at(-1) === "number" ? value : value.map(paint);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, paint(inner)]));
  }
  return value;
}

setInterval(refresh, 1000);
