// Parallel coordinates drawn by Plotly: a line for each run through its settings and its result. `component.data` is what parallel.py sends.
export default function (component) {
  const { parentElement, data } = component;
  const plot = parentElement.querySelector(".plot");
  plot.style.height = `${data.height}px`;
  plot.setAttribute("aria-label", data.title);
  const style = getComputedStyle(parentElement.host ?? parentElement);
  const theme = (name) => style.getPropertyValue(name).trim();
  const scale = theme("--st-chart-sequential-colors").split(",");
  const trace = {
    type: "parcoords", dimensions: data.dimensions,
    line: { color: data.colours, cmin: Math.min(...data.colours), cmax: Math.max(...data.colours),
      colorscale: scale.map((colour, index) => [index / (scale.length - 1), colour.trim()]).slice(2).map(([, colour], index, all) => [index / (all.length - 1), colour]) },
    labelfont: { color: theme("--st-text-color"), size: 13 }, tickfont: { color: theme("--st-text-color"), size: 12 }, rangefont: { size: 1, color: "rgba(0,0,0,0)" },
    unselected: { line: { opacity: 0.06 } },
  };
  const layout = {
    height: data.height, autosize: true, margin: { l: 70, r: 60, t: 60, b: 24 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: theme("--st-text-color"), family: theme("--st-font") }, uirevision: data.view,
  };
  const text = JSON.stringify([trace, layout]);
  if (plot.dataset.drawn === text) return; // what someone selected on an axis stays while nothing has changed
  plot.dataset.drawn = text;
  loadPlotly(data.source).then(
    (Plotly) => { if (plot.isConnected) Plotly.react(plot, [trace], layout, { responsive: true, displayModeBar: false }); },
    () => { plot.textContent = "The chart could not be drawn: plotly.js did not load. Reload the page."; },
  );
}
