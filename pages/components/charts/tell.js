// Put before every script that draws a chart: its sentence for screen readers, and its table behind a button.
const rowOf = (cells, kind) => {
  const row = document.createElement("tr");
  for (const [place, text] of cells.entries()) {
    const cell = row.appendChild(document.createElement(kind === "head" || !place ? "th" : "td"));
    cell.textContent = text;
    if (cell.tagName === "TH") cell.scope = kind === "head" ? "col" : "row";
  }
  return row;
};

function tell(parent, plot, title, { sentence, head, rows }) {
  const [said, button, panel] = [".spoken", ".behind", ".numbers"].map((part) => parent.querySelector(part));
  const text = panel.querySelector("p"), table = panel.querySelector("table"), frame = panel.querySelector(".frame");
  if (!said.id) {
    window.traindeskCharts = (window.traindeskCharts ?? 0) + 1; // one count for both kinds of charts
    said.id = `chart-said-${window.traindeskCharts}`;
    plot.setAttribute("aria-describedby", said.id);
    button.popoverTargetElement = panel;
    panel.querySelector(".close").popoverTargetElement = panel;
  }
  button.setAttribute("aria-label", `Table: ${title}`);
  panel.setAttribute("aria-label", `Numbers: ${title}`);
  panel.querySelector("strong").textContent = title;
  said.textContent = text.textContent = sentence;
  const fill = () => {
    table.tHead.replaceChildren(rowOf(head, "head"));
    table.tBodies[0].replaceChildren(...rows.map((row) => rowOf(row, "row")));
    frame.hidden = !rows.length;
  };
  panel.onbeforetoggle = (event) => { if (event.newState === "open") fill(); };
  if (panel.matches(":popover-open")) fill();
}
