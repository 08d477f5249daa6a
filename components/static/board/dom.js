// Small hands for the page: nothing from outside is ever parsed as markup.

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === "") {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

// A figure as the server wrote it: text, raw value, tone, and why on hover.
export function setFigure(node, figure) {
  setText(node, figure.text);
  setAttribute(node, "data-testid", figure.id);
  setAttribute(node, "data-value", figure.value);
  setAttribute(node, "data-unit", figure.unit);
  setAttribute(node, "title", figure.note);
  const tone = `desk-fig desk-${figure.tone}`;
  if (node.dataset.tone !== tone) {
    if (node.dataset.tone) node.classList.remove(...node.dataset.tone.split(" "));
    node.classList.add(...tone.split(" "));
    node.dataset.tone = tone;
  }
}

export function ageText(seconds) {
  if (seconds < 0) return "0 s";
  if (seconds < 90) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export function leftText(seconds) {
  if (seconds <= 0) return "over";
  const minutes = Math.floor(seconds / 60);
  const rest = String(Math.floor(seconds % 60)).padStart(2, "0");
  return minutes >= 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes}:${rest}`;
}

export function utcTime(milliseconds) {
  return new Date(milliseconds).toISOString().slice(11, 19);
}

export function localTime(milliseconds) {
  return new Date(milliseconds).toLocaleString();
}

export function download(name, text, type = "text/csv") {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = element("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// A cell for a spreadsheet: quoted, and never a formula.
export function csvCell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
