// A confusion matrix drawn by Plotly. `component.data` is what heatmap.py sends.
export default function (component) {
  const { parentElement, data } = component;
  const plot = parentElement.querySelector(".plot");
  plot.style.height = `${data.height}px`;
  plot.setAttribute("aria-label", data.title);
  const style = getComputedStyle(parentElement.host ?? parentElement);
  const theme = (name) => style.getPropertyValue(name).trim();
  const scale = theme("--st-chart-sequential-colors").split(",");
  const paper = theme("--st-background-color");
  const names = data.names.map((name) => `${name}\u200b`); // class names such as "3" must not become numbers on an axis
  const few = names.length <= 20;
  const trace = {
    type: "heatmap", x: names, y: names, z: data.shares, customdata: data.counts, zmin: 0, zmax: 1, showscale: false, xgap: 1, ygap: 1,
    colorscale: scale.map((colour, index) => [index / (scale.length - 1), colour.trim()]),
    text: data.counts.map((row) => row.map((count) => (few && count ? String(count) : ""))), texttemplate: "%{text}",
    hovertemplate: "true %{y}, predicted %{x}<br>%{customdata} pictures, %{z:.1%} of the true class<extra></extra>",
  };
  const axis = { type: "category", showgrid: false, automargin: true, fixedrange: true, tickangle: "auto", ticks: "" };
  const layout = {
    height: data.height, autosize: true, margin: { l: 56, r: 8, t: 40, b: 48 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: theme("--st-text-color"), family: theme("--st-font"), size: 13 },
    title: { text: data.title, x: 0, xref: "paper", xanchor: "left", y: 0.985, yanchor: "top", font: { size: 15 } },
    hoverlabel: { bgcolor: paper, font: { color: theme("--st-text-color") } },
    xaxis: { ...axis, title: { text: "predicted", standoff: 8 } },
    yaxis: { ...axis, title: { text: "true", standoff: 8 }, autorange: "reversed" },
  };
  loadPlotly(data.source).then(
    (Plotly) => { if (plot.isConnected) Plotly.react(plot, [trace], layout, { responsive: true, displayModeBar: false }); },
    () => { plot.textContent = "The chart could not be drawn: plotly.js did not load. Reload the page."; },
  );
}
