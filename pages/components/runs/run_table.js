// The table of runs. Ticks and order are kept in the tab, so they outlive this page; "ticked" and "open" go to Python.
const KEPT = "traindesk runs";
const tables = new WeakMap(); // element -> { rows: Map of id -> {element, text}, told, limit }
const STEP = 200; // rows drawn at a time

function kept() {
  try { return { ticked: [], by: null, down: false, ...JSON.parse(sessionStorage.getItem(KEPT)) }; } catch { return { ticked: [], by: null, down: false }; }
}
const keep = (state) => { try { sessionStorage.setItem(KEPT, JSON.stringify(state)); } catch { /* a tab that may not keep anything */ } };

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) name in element && name !== "style" ? element[name] = value : element.setAttribute(name, value);
  element.append(...children.filter((child) => child != null));
  return element;
}

function curve(row) {
  const space = "http://www.w3.org/2000/svg", svg = document.createElementNS(space, "svg"), line = document.createElementNS(space, "polyline");
  for (const [name, value] of [["viewBox", "0 0 100 28"], ["preserveAspectRatio", "none"], ["role", "img"], ["aria-label", row.sparkWords]]) svg.setAttribute(name, value);
  line.setAttribute("points", row.spark);
  svg.append(line);
  return svg;
}

function draw(row, columns, tick, open) {
  const box = make("input", { type: "checkbox", ariaLabel: `Tick ${row.title}` });
  box.onchange = () => tick(row.id, box.checked);
  const link = make("a", { href: row.href, title: row.hint }, row.shown);
  link.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // another tab or window
    event.preventDefault();
    open(row.id);
  };
  const name = make("div", { className: "name" }, row.star ? make("span", { className: "star", title: "Favourite" }, "\u2605") : null, link,
    row.status ? make("span", { className: `status ${row.tone}` }, row.status) : null);
  const bar = row.share == null ? null : make("div", { className: "bar", role: "progressbar", ariaLabel: `Progress of ${row.title}`, ariaValueNow: Math.round(row.share * 100) },
    make("i", { style: `width:${row.share * 100}%` }));
  const about = row.about ? make("div", { className: "about" }, row.about) : null, note = row.note ? make("div", { className: "about", title: row.note }, row.note) : null;
  const cells = columns.map(({ kind }) => kind === "title" ? make("th", { className: "title", scope: "row" }, name, bar, about, note)
    : make("td", { className: kind }, kind === "curve" ? (row.spark ? curve(row) : null) : row.cells[kind]));
  const element = make("tr", {}, make("td", { className: "tick" }, make("label", {}, box)), ...cells);
  return { element, box, text: JSON.stringify(row) };
}

export default function (component) {
  const { parentElement, data, setStateValue, setTriggerValue } = component;
  const root = parentElement.querySelector(".runs"), state = kept();
  const table = tables.get(root) ?? { rows: new Map(), told: JSON.stringify(data.ticked), limit: STEP };
  tables.set(root, table);
  const tell = () => {
    const here = data.rows.map((row) => row.id).filter((id) => state.ticked.includes(id)), text = JSON.stringify(here);
    if (text === table.told) return;
    table.told = text;
    setStateValue("ticked", here);
  };
  const tick = (id, on) => {
    state.ticked = on ? [...state.ticked.filter((other) => other !== id), id] : state.ticked.filter((other) => other !== id);
    keep(state);
    show();
    tell();
  };
  const order = () => {
    if (!state.by) return data.rows;
    const value = (row) => row.sort[state.by], sign = state.down ? -1 : 1;
    return [...data.rows].sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      if (a == null || b == null) return (a == null) - (b == null); // what is not known comes last either way
      return sign * (typeof a === "number" ? a - b : a.localeCompare(b));
    });
  };
  function show() {
    const rows = order(), seen = rows.slice(0, table.limit);
    const head = data.columns.map(({ title, kind, down }) => {
      if (kind === "curve") return make("th", { className: kind, scope: "col" }, make("span", { className: "unseen" }, "Curve"));
      const button = make("button", { type: "button" }, title, state.by === kind ? (state.down ? " \u2193" : " \u2191") : "");
      button.onclick = () => {
        if (state.by !== kind) Object.assign(state, { by: kind, down });
        else if (state.down === down) state.down = !down;
        else state.by = null; // the third click: as it was
        keep(state);
        show();
        root.querySelector(`th.${kind} button`).focus();
      };
      return make("th", { className: kind, scope: "col", ariaSort: state.by === kind ? (state.down ? "descending" : "ascending") : "none" }, button);
    });
    const all = make("input", { type: "checkbox", ariaLabel: "Tick all", checked: rows.length > 0 && rows.every((row) => state.ticked.includes(row.id)) });
    all.indeterminate = !all.checked && rows.some((row) => state.ticked.includes(row.id));
    all.onchange = () => {
      const ids = rows.map((row) => row.id), others = state.ticked.filter((id) => !ids.includes(id));
      state.ticked = all.checked ? [...others, ...ids] : others;
      keep(state);
      show();
      tell();
    };
    if (!root.firstChild) root.append(make("table", {}, make("thead", {}, make("tr")), make("tbody")), make("div", { className: "foot" }));
    const [frame, foot] = root.children, headText = JSON.stringify([data.columns, state.by, state.down, all.checked, all.indeterminate]);
    if (table.head !== headText) {
      table.head = headText;
      frame.tHead.firstChild.replaceChildren(make("th", { className: "tick" }, make("label", {}, all)), ...head);
    }
    const drawn = seen.map((row) => {
      const before = table.rows.get(row.id);
      const now = before?.text === JSON.stringify(row) ? before : draw(row, data.columns, (...a) => table.tick(...a), (id) => table.open(id));
      now.box.checked = state.ticked.includes(row.id);
      now.element.classList.toggle("ticked", now.box.checked);
      return [row.id, now];
    });
    table.rows = new Map(drawn);
    const body = frame.tBodies[0], elements = drawn.map(([, { element }]) => element);
    // what has not changed stays where it is: a finger may be on it
    elements.forEach((element, place) => { if (body.children[place] !== element) body.insertBefore(element, body.children[place] ?? null); });
    while (body.children.length > elements.length) body.lastChild.remove();
    const more = rows.length - seen.length, button = make("button", { type: "button" }, `Show ${Math.min(STEP, more)} more of ${rows.length}`);
    button.onclick = () => { table.limit += STEP; show(); };
    foot.replaceChildren(...(more > 0 ? [button] : []));
  }
  table.tick = tick;
  table.open = (id) => setTriggerValue("open", id);
  show();
  tell();
}
