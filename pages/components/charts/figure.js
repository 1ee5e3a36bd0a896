// A chart drawn by Plotly from what figure.py sends. "$name" in it stands for a colour of the theme, "$chart0" for one of a chart.
const figures = new WeakMap(); // element -> the reporter of clicks

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const plot = parentElement.querySelector(".plot");
  const large = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16; // 1, more in presenter view
  plot.style.minWidth = `${data.leastWidth}px`;
  if (data.leastWidth) plot.parentElement.tabIndex = 0; // it may scroll: not every browser lets the keyboard do that by itself
  const height = Math.round(Math.min(data.height * large, data.isSquare ? Math.max(260, plot.clientWidth * 1.05) : Infinity));
  plot.style.height = `${height}px`;
  plot.setAttribute("aria-label", data.title);
  tell(parentElement, plot, data.title, data.told);
  const style = getComputedStyle(parentElement.host ?? parentElement);
  const theme = (name) => style.getPropertyValue(name).trim();
  const list = (name) => theme(name).split(",").map((colour) => colour.trim());
  const charts = list("--st-chart-categorical-colors"), sequence = list("--st-chart-sequential-colors");
  const scale = (colours) => colours.map((colour, index) => [index / (colours.length - 1), colour]);
  const named = { text: theme("--st-text-color"), grid: theme("--st-border-color"), paper: theme("--st-background-color"),
    lines: scale(sequence.slice(2)), right: scale(sequence.slice(0, 5)), errors: scale([sequence[0], charts[1]]) };
  const coloured = (value) => {
    if (typeof value === "string" && value.startsWith("$")) {
      const chart = /^\$chart(\d+)$/.exec(value);
      return chart ? charts[Number(chart[1]) % charts.length] : named[value.slice(1)] ?? value;
    }
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item)]));
    return value;
  };
  const axis = { gridcolor: named.grid, zeroline: false, linecolor: named.grid, automargin: true, fixedrange: true };
  const own = coloured(data.layout);
  const margin = Object.fromEntries(Object.entries({ l: 56, r: 10, t: 40, b: 48, ...own.margin }).map(([side, room]) => [side, room * large]));
  const layout = {
    height, autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: named.text, family: theme("--st-font"), size: 13 * large }, hoverlabel: { bgcolor: named.paper, bordercolor: named.grid, font: { color: named.text } },
    legend: { orientation: "h", x: 1, xanchor: "right", y: 1.02, yanchor: "bottom", bgcolor: "rgba(0,0,0,0)" },
    ...own, ...(data.traces[0]?.type === "parcoords" ? {} : { xaxis: { ...axis, ...own.xaxis }, yaxis: { ...axis, ...own.yaxis } }),
    margin, title: { text: data.heading, x: 0, xref: "paper", xanchor: "left", y: 0.985, yanchor: "top", font: { size: 15 * large } },
  };
  const traces = coloured(data.traces);
  figures.set(plot, setTriggerValue);
  const text = JSON.stringify([traces, layout]);
  if (plot.dataset.drawn === text) return; // what someone picked out in it stays while nothing has changed
  plot.dataset.drawn = text;
  loadPlotly(data.source).then(async (Plotly) => {
    if (!plot.isConnected) return;
    const isFirst = !plot.dataset.draws;
    plot.dataset.draws = Number(plot.dataset.draws ?? 0) + 1;
    await Plotly.react(plot, traces, layout, { responsive: true, displayModeBar: false });
    if (isFirst && data.clicks) plot.on("plotly_click", (event) => figures.get(plot)("click", event.points[0].pointIndex ?? null));
  }, () => { plot.textContent = "The chart could not be drawn: plotly.js did not load. Reload the page."; });
}
