// A live table: rows keep their place by id; sort, filter and export work on raw values.

import { csvCell, download, element, setAttribute, setText } from "./dom.js";

export function table(host, spec) {
  const filter = element("input", { class: "desk-filter", type: "search", placeholder: "filter", "aria-label": `filter ${spec.title}` });
  const count = element("span", { class: "desk-unit" });
  const save = element("button", { class: "desk-small", type: "button", "data-testid": `export-${spec.id}` }, "Export CSV");
  const head = element("header", { class: "desk-head" }, element("span", { class: "desk-title" }, spec.title), count);
  if (!spec.plain) head.append(element("span", { class: "desk-slot" }, filter, save));
  const headRow = element("tr");
  const body = element("tbody");
  const grid = element("table", { class: "desk-table", "data-testid": `table-${spec.id}` }, element("thead", {}, headRow), body);
  const empty = element("div", { class: "desk-empty" });
  const foot = element("footer", { class: "desk-foot" });
  host.append(head, element("div", { class: "desk-scroll" }, grid, empty), foot);

  const rows = new Map();
  let payload = null;
  let heads = "";
  let sort = { column: -1, down: true };

  filter.addEventListener("input", () => draw());
  save.addEventListener("click", () => payload && download(`${spec.id}.csv`, asCsv()));

  function asCsv() {
    const names = payload.columns.map((column) => (column.unit ? `${column.label} (${column.unit})` : column.label));
    const lines = shown().map((row) => row.cells.map((cell) => csvCell(cell.value ?? cell.text)).join(","));
    return [names.map(csvCell).join(","), ...lines].join("\r\n");
  }

  function shown() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = payload.rows.filter((row) => {
      const text = row.cells.map((cell) => cell.text).join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    if (sort.column < 0) return kept;
    const key = (row) => row.cells[sort.column].value;
    return kept.sort((one, two) => {
      const [a, b] = [key(one), key(two)];
      if (a === null || b === null) return (a === null) - (b === null);
      return (a < b ? -1 : a > b ? 1 : 0) * (sort.down ? -1 : 1);
    });
  }

  function drawHead() {
    headRow.replaceChildren(
      ...payload.columns.map((column, index) => {
        const mark = sort.column === index ? (sort.down ? " ▾" : " ▴") : "";
        const cell = element("th", { class: column.number ? "n" : "", "aria-sort": mark ? (sort.down ? "descending" : "ascending") : null });
        const press = () => {
          sort = { column: index, down: sort.column === index ? !sort.down : column.number };
          drawHead();
          draw();
        };
        cell.append(
          element("button", { type: "button", onclick: press }, column.label + mark),
          column.unit ? element("small", {}, column.unit) : "",
        );
        return cell;
      }),
    );
  }

  function rowOf(row) {
    let line = rows.get(row.id);
    if (!line) {
      line = element("tr", { "data-row": row.id });
      row.cells.forEach((_, index) => line.append(element("td", { class: classOf(index) })));
      rows.set(row.id, line);
    }
    row.cells.forEach((cell, index) => {
      const node = line.children[index];
      setText(node, cell.text);
      setAttribute(node, "data-value", cell.value);
      setAttribute(node, "title", cell.note === "progress" ? "" : cell.note || (payload.columns[index].wide ? cell.text : ""));
      const tone = `${classOf(index)} desk-${cell.tone}`;
      if (node.className !== tone) node.className = tone;
      if (cell.note === "progress") node.style.setProperty("--share", `${Math.round(cell.value * 100)}%`);
      if (cell.note === "progress" && !node.classList.contains("desk-progress")) node.classList.add("desk-progress");
    });
    return line;
  }

  function classOf(index) {
    const column = payload.columns[index];
    return `${column.number ? "n" : ""} ${column.wide ? "wide" : ""} c-${column.id}`;
  }

  function draw() {
    const list = shown();
    const lines = list.map(rowOf);
    if (lines.length !== body.children.length || lines.some((line, index) => body.children[index] !== line)) {
      body.replaceChildren(...lines);
    }
    const ids = new Set(payload.rows.map((row) => row.id));
    for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id);
    setText(count, payload.caption ? payload.caption : payload.rows.length ? `${list.length === payload.rows.length ? "" : `${list.length} of `}${payload.rows.length}` : "");
    setText(empty, payload.rows.length ? "nothing matches the filter" : payload.empty);
    empty.hidden = list.length > 0;
    grid.hidden = payload.rows.length === 0;
    setText(foot, payload.foot);
    foot.hidden = !payload.foot;
  }

  return {
    update(next) {
      const head = JSON.stringify(next.columns);
      payload = next;
      if (head !== heads) {
        heads = head;
        sort = { column: -1, down: true };
        rows.clear();
        drawHead();
      }
      draw();
    },
    close() {},
  };
}
