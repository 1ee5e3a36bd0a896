// Live curves around Plotly.react. `component.data` is what live_plot.py sends; the zoomed x range goes back as "range".
const charts = new WeakMap(); // element -> { view, draws, hoverX, range, isZoomed, isWhole, resets, report, redraw, above }
const MOST = 0.75, ABOVE = 3, LEAST_ABOVE = 1.5, SLIGHTLY = 1.33; // see highest()
const SAMPLE = 42, TITLE = 58; // pixels of a legend's entry beside its words, and of a title at least: charts side by side are alike

const floats = (text) => new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

// Up to where an axis shows the curves when a few points lie far above all others; null when it shows everything.
function highest(traces, usual) {
  const values = traces.flatMap((trace) => [...trace.y]).filter(Number.isFinite).sort((one, other) => one - other);
  if (usual == null || !values.length) return null;
  const edge = Math.max(LEAST_ABOVE * usual, ABOVE * values[Math.floor(MOST * (values.length - 1))]);
  return values.at(-1) > SLIGHTLY * edge ? { edge, most: values.at(-1), above: values.filter((value) => value > edge).length } : null;
}

// How high a legend above the chart is when it has to stand below the title, because both do not fit into one line; else 0.
function heightAbove(plot, width, large) {
  const title = plot.querySelector(".gtitle"), legend = plot.querySelector(".legend");
  if (!title || !legend) return 0;
  const wide = (part) => part.getBoundingClientRect().width, texts = [...legend.querySelectorAll(".legendtext")];
  const entries = texts.reduce((sum, text) => sum + wide(text) + SAMPLE, 0);
  return Math.max(wide(title), TITLE * large) + entries > width ? Math.ceil(legend.getBoundingClientRect().height) : 0;
}

// Plotly looks a trace that goes up by a class made of this: a name with spaces would be no selector.
const uidOf = (name) => "curve" + name.replace(/[^A-Za-z0-9]/g, (sign) => `_${sign.charCodeAt(0)}`);

const sizeOf = (plot) => [plot.clientWidth, plot.clientHeight, getComputedStyle(document.documentElement).fontSize].join();

export default function (component) {
  const plot = component.parentElement.querySelector(".plot");
  plot.setAttribute("aria-label", `Chart: ${component.data.title}`);
  tell(component.parentElement, plot, component.data.title, component.data.told);
  const chart = charts.get(plot) ?? { hoverX: null, draws: 0, isWhole: false, isZoomed: false, resets: 0, above: 0 };
  charts.set(plot, chart);
  chart.report = component.setStateValue;
  if (chart.view !== component.data.view) { // back from another page, too
    Object.assign(chart, { view: component.data.view, range: component.data.range, isZoomed: component.data.range != null });
  }
  chart.redraw = (again = false) => draw(component, plot, chart, again);
  chart.redraw();
}

function draw({ parentElement, data }, plot, chart, again) {
  const large = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16; // 1, more in presenter view
  plot.classList.toggle("tall", data.height == null); // style.css knows how high
  plot.style.height = data.height == null ? "" : `${Math.round(data.height * large)}px`;
  const size = sizeOf(plot);

  const style = getComputedStyle(parentElement.host ?? parentElement);
  const theme = (name) => style.getPropertyValue(name).trim();
  const colours = theme("--st-chart-categorical-colors").split(",").map((colour) => colour.trim());
  const text = theme("--st-text-color"), grid = theme("--st-border-color"), paper = theme("--st-background-color");

  const percent = data.isShare; // Plotly's own percentages leave no space before the sign
  const scaled = (values) => (percent ? values.map((value) => (value == null ? null : 100 * value)) : values);
  const traces = data.curves.map((curve) => ({
    type: "scatter", name: curve.name, uid: uidOf(curve.name), x: floats(curve.x), y: scaled(floats(curve.y)),
    mode: curve.markers ? "lines+markers" : "lines", connectgaps: false, hovertemplate: "%{y}",
    line: { color: colours[curve.colour % colours.length], width: curve.markers ? 2.4 : 1.4, dash: curve.dash }, marker: { size: curve.sizes ? floats(curve.sizes) : 6 },
    ...(curve.faint ? { opacity: 0.28, showlegend: false, hoverinfo: "skip", hovertemplate: null } : {}),
    ...(data.hidden.includes(curve.name) ? { visible: "legendonly" } : {}),
  }));
  const best = data.best ?? [null, null];
  traces.push({
    type: "scatter", name: "best epoch", uid: "best", mode: "markers", cliponaxis: false, x: [best[0]], y: scaled([best[1]]), showlegend: data.best != null,
    hoverinfo: "skip", marker: { symbol: "star", size: 15, color: colours[1], line: { color: paper, width: 1.5 } },
  });
  const line = 24 * large, above = chart.above; // of the title; see heightAbove()
  const touch = matchMedia("(pointer: coarse)").matches; // a finger scrolls the page, also across a chart
  const axis = { gridcolor: grid, zeroline: false, linecolor: grid, automargin: true, fixedrange: touch };
  const layout = {
    uirevision: `${data.view}`, height: plot.clientHeight, autosize: true, margin: { l: 52 * large, r: 10, t: above ? line + above : 40 * large, b: 42 * large },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: text, family: theme("--st-font"), size: 13 * large },
    title: { text: data.title, x: 0, xref: "paper", xanchor: "left", font: { size: 15 * large },
      ...(above ? { y: 1 - (line - 6 * large) / plot.clientHeight, yref: "container", yanchor: "bottom" } : { y: 1.045, yref: "paper", yanchor: "bottom" }) },
    hovermode: "x unified", hoverlabel: { bgcolor: paper, bordercolor: grid, font: { color: text } }, dragmode: touch ? false : "zoom",
    showlegend: data.hasLegend && data.curves.length <= 15, legend: { orientation: "h", bgcolor: "rgba(0,0,0,0)", ...(plot.clientWidth < 420 ? { font: { size: 10 } } : {}), ...(data.legendBelow
      ? { x: 0, xanchor: "left", y: -0.16, yanchor: "top" } : { ...(above ? { x: 0, xanchor: "left", y: 1 } : { x: 1, xanchor: "right", y: 1.02 }), yanchor: "bottom" }) },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: grid, activecolor: text, orientation: "h" },
    xaxis: { ...axis, title: { text: data.xTitle, standoff: 6 }, uirevision: `${data.view} ${chart.resets}`, rangemode: "tozero", unifiedhovertitle: { text: `${data.xTitle} %{x:,.2~f}` },
      spikecolor: text, spikethickness: 1, spikedash: "dot" },
    yaxis: { ...axis, ...(percent ? { ticksuffix: "\u202f%", hoverformat: ".1f" } : { hoverformat: ".4~g" }), type: data.logarithmic ? "log" : "linear",
      ...(data.fromZero ? { rangemode: "tozero" } : {}),
      uirevision: `${data.view} ${data.logarithmic} ${chart.resets}`,
      ...(!percent ? {} : data.xLimits ? { range: [0, 100], autorange: false } : { autorangeoptions: { clipmin: 0, clipmax: 100 } }) },
  };
  layout.shapes = data.marks.map((mark) => ({ type: "line", xref: "x", yref: "paper", x0: mark.x, x1: mark.x, y0: 0, y1: 1,
    line: { color: text, width: 1, dash: "dot" } }));
  const end = Math.max(0, ...traces.map((trace) => trace.x.at(-1) ?? 0)); // words at a late mark stand on its left, or the edge would cut them
  layout.annotations = data.marks.map((mark, place) => ({ xref: "x", yref: "paper", x: mark.x, y: 1 - 0.08 * (place % 4), text: mark.text,
    showarrow: false, yanchor: "top", ...(mark.x > 0.6 * end ? { xanchor: "right", xshift: -3 } : { xanchor: "left", xshift: 3 }), font: { size: 12, color: text }, bgcolor: paper, opacity: 0.85 }));
  if (data.xLimits) { // axes that stand still from the start; a marker on their edge is whole
    Object.assign(layout.xaxis, { range: data.xLimits, autorange: false });
    for (const trace of traces) trace.cliponaxis = false;
  }
  const cut = data.logarithmic ? null : highest(traces, data.usual);
  if (cut) {
    if (!chart.isWhole) Object.assign(layout.yaxis, { range: [0, cut.edge], autorange: false });
    layout.annotations.push({ xref: "paper", yref: "paper", x: 1, y: 1, xanchor: "right", yanchor: "top", showarrow: false, captureevents: true,
      name: "whole", bgcolor: paper, font: { size: 12 * large, color: text }, text: chart.isWhole ? "all points; double-click for the usual range"
        : `\u2191 ${cut.above === 1 ? "1 point" : `${cut.above} points`} up to ${cut.most.toPrecision(3)}; double-click shows all` });
  }
  const zeros = data.logarithmic ? traces.reduce((sum, trace) => sum + [...trace.y].filter((value) => value != null && value <= 0).length, 0) : 0;
  if (zeros) {
    layout.annotations.push({ xref: "paper", yref: "paper", x: 1, y: 0, xanchor: "right", yanchor: "bottom", showarrow: false, bgcolor: paper, font: { size: 12 * large, color: text },
      text: `${zeros === 1 ? "1 point at 0 is" : `${zeros} points at 0 are`} left out: a logarithmic axis has no 0` });
  }
  if (chart.range) Object.assign(layout.xaxis, { range: chart.range, autorange: false });
  if (end === 0 && !data.xLimits) { // axes without a point would show numbers that mean nothing
    for (const empty of [layout.xaxis, layout.yaxis]) Object.assign(empty, { showticklabels: false, range: [0, 1] });
    layout.annotations.push({ xref: "paper", yref: "paper", x: 0.5, y: 0.5, showarrow: false, opacity: 0.75, text: data.waiting });
  }
  const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d", "toImage", "autoScale2d"],
    displayModeBar: false, doubleClick: false }; // a double click is followed below

  loadPlotly(data.source).then(async (Plotly) => {
    if (!plot.isConnected || plot.querySelector(".zoomlayer > *")) return; // never redraw under a zoom that is being drawn
    await Plotly.react(plot, traces, layout, config);
    const needed = data.legendBelow ? 0 : heightAbove(plot, plot.clientWidth - layout.margin.l - layout.margin.r, large);
    if (needed !== above && !again) {
      chart.above = needed;
      chart.redraw(true);
      return;
    }
    chart.size = size;
    plot.dataset.draws = ++chart.draws;
    plot.dataset.points = Math.max(0, ...traces.map((trace) => trace.x.length));
    if (chart.hoverX != null && plot.matches(":hover")) {
      Plotly.Fx.hover(plot, { xval: chart.hoverX }, "xy"); // redrawing hides it; an array would add a second kind of label
    }
    if (chart.draws > 1) return;
    // Plotly itself looks at the window alone. An observer speaks up at once, of the size in which it was drawn just now.
    const sizes = new ResizeObserver(() => plot.isConnected && chart.size !== sizeOf(plot) && chart.redraw());
    sizes.observe(plot);
    sizes.observe(parentElement.querySelector(".rem")); // the type, which the presenter view makes larger
    const whole = () => { // first out of the zoom, then between the usual range and all points
      if (!chart.isZoomed) chart.isWhole = !chart.isWhole;
      chart.isZoomed = false;
      chart.range = null;
      chart.resets += 1;
      chart.report("range", null);
      chart.redraw();
    };
    plot.on("plotly_doubleclick", whole);
    plot.on("plotly_clickannotation", (event) => event.annotation.name === "whole" && whole());
    plot.on("plotly_hover", (event) => { chart.hoverX = event.points[0].x; });
    plot.on("plotly_unhover", () => { chart.hoverX = null; });
    plot.on("plotly_restyle", () => {
      chart.report("hidden", plot.data.filter((trace) => trace.visible === "legendonly").map((trace) => trace.name));
    });
    plot.on("plotly_relayout", (change) => {
      if ("yaxis.range[0]" in change) chart.isZoomed = true;
      if (!("xaxis.range[0]" in change)) return;
      chart.isZoomed = true;
      chart.range = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
      chart.report("range", chart.range);
    });
  }, () => { plot.textContent = "The chart could not be drawn: plotly.js did not load. Reload the page."; });
}
