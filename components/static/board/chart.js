// A Plotly chart that is mounted once and only ever reacts: zoom survives every refresh.

import { csvCell, download, element, setText } from "./dom.js";
import { onTheme, paint } from "./theme.js";

const SPACING_MS = 300; // between two drawings of one chart: the eye needs no more, and the hand some rest
let loading = null;

function plotly(base) {
  loading ??= new Promise((resolve, reject) => {
    const script = element("script", { src: `${base}/plotly.js`, async: true });
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("the chart library did not load"));
    document.head.append(script);
  });
  return loading;
}

export function preload(base) {
  plotly(base);
}

function asCsv(chart) {
  const lines = [["series", "x", "y", "value"]];
  for (const trace of chart.data) {
    if (trace.hoverinfo === "skip") continue; // labels of another trace's values
    if (trace.z) {
      trace.z.forEach((row, r) => row.forEach((z, c) => z !== null && lines.push([trace.name ?? "", trace.x[c], trace.y[r], z])));
    } else trace.x.forEach((x, i) => lines.push([trace.name ?? "", x, trace.y[i], ""]));
  }
  return lines.map((line) => line.map(csvCell).join(",")).join("\r\n");
}

function configuration(show) {
  const csv = {
    name: "csv", title: "Data as CSV",
    icon: { width: 24, height: 24, path: "M5 20h14v-2H5zM12 16l6-6h-4V4h-4v6H6z" },
    click: () => show.payload && download(`${show.payload.title}.csv`, asCsv(show.payload)),
  };
  return {
    displaylogo: false, responsive: false, displayModeBar: "hover", scrollZoom: false, doubleClick: "reset",
    modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage", csv]],
    toImageButtonOptions: { format: "png", scale: 2 },
  };
}

export function chart(host, spec, base) {
  const title = element("span", { class: "desk-title" });
  const unit = element("span", { class: "desk-unit" });
  const slot = element("span", { class: "desk-slot" });
  const plot = element("div", { class: "desk-plot", "data-testid": `plot-${spec.id}` });
  const empty = element("div", { class: "desk-empty" });
  host.append(element("header", { class: "desk-head" }, title, unit, slot), plot, empty);
  const show = { payload: null, drawing: false, again: false, mounted: false };
  const draw = async () => {
    const payload = show.payload;
    if (!payload) return;
    setText(title, payload.title);
    setText(unit, payload.unit);
    setText(empty, payload.empty);
    plot.hidden = Boolean(payload.empty);
    empty.hidden = !payload.empty;
    if (payload.empty) return;
    if (show.drawing) {
      show.again = true;
      return;
    }
    show.drawing = true;
    const begun = performance.now();
    try {
      const Plotly = await plotly(base);
      const config = show.mounted ? undefined : configuration(show);
      show.mounted = true;
      await Plotly.react(plot, payload.data.map(paint), { ...paint(payload.layout), autosize: true }, config);
      plot.dataset.draws = String(Number(plot.dataset.draws ?? 0) + 1);
    } catch (error) {
      setText(empty, `this chart could not be drawn: ${error.message}`);
      empty.hidden = false;
    } finally {
      await new Promise((wake) => setTimeout(wake, Math.max(0, begun + SPACING_MS - performance.now())));
      show.drawing = false;
      if (show.again) {
        show.again = false;
        draw();
      }
    }
  };
  const resize = new ResizeObserver(() => {
    // A hidden or removed plot has no size; resizing it is an error, and the next draw fits it anyway.
    if (show.mounted && plot.isConnected && plot.offsetParent !== null) window.Plotly?.Plots.resize(plot);
  });
  resize.observe(plot);
  const quiet = onTheme(draw);
  return {
    slot,
    update(payload) {
      show.payload = payload;
      draw();
    },
    close() {
      quiet();
      resize.disconnect();
      window.Plotly?.purge(plot);
    },
  };
}
