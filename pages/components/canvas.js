// Drawing area. Strokes are kept as points, so Undo works and a change of theme repaints them. "picture" goes to Python.
const SIDE = 280;
const PAUSE = 200; // milliseconds between two pictures while drawing
const desks = new WeakMap(); // canvas -> { strokes, undone, stroke, timer, sent }

function paint(context, strokes, ink) {
  context.strokeStyle = ink;
  context.lineCap = context.lineJoin = "round";
  for (const { width, points } of strokes) {
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(...points[0]);
    if (points.length === 1) context.lineTo(points[0][0] + 0.01, points[0][1]);
    for (let i = 1; i < points.length - 1; i++) { // curves through the middles of the segments: no corners at slow sampling
      const [x, y] = points[i], [nextX, nextY] = points[i + 1];
      context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    }
    if (points.length > 1) context.lineTo(...points[points.length - 1]);
    context.stroke();
  }
}

function picture(strokes) { // always dark on white, whatever the theme
  const sheet = document.createElement("canvas");
  sheet.width = sheet.height = SIDE;
  const context = sheet.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SIDE, SIDE);
  paint(context, strokes, "#000");
  return sheet.toDataURL("image/png");
}

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  const root = parentElement.querySelector(".desk"), canvas = root.querySelector("canvas");
  const [undo, redo, clear, pen] = [".undo", ".redo", ".clear", ".pen"].map((name) => root.querySelector(name));
  const desk = desks.get(canvas) ?? { strokes: [], undone: [], stroke: null, timer: 0, sent: 0 };
  desks.set(canvas, desk);
  desk.report = setStateValue;
  canvas.setAttribute("aria-label", `Drawing area: draw ${data.hint} with mouse, pen or finger. With a keyboard, use Upload.`);

  const style = getComputedStyle(parentElement.host ?? parentElement);
  const paper = style.getPropertyValue("--st-background-color").trim();
  root.classList.toggle("dark", parseInt(paper.slice(1, 3), 16) < 128);
  const ink = style.getPropertyValue("--st-text-color").trim();
  const context = canvas.getContext("2d");
  const repaint = () => {
    context.clearRect(0, 0, SIDE, SIDE);
    paint(context, desk.strokes, ink);
    undo.disabled = clear.disabled = desk.strokes.length === 0;
    redo.disabled = desk.undone.length === 0;
  };
  const send = () => {
    clearTimeout(desk.timer);
    desk.timer = 0;
    desk.sent = performance.now();
    desk.report("picture", desk.strokes.length ? picture(desk.strokes) : null);
  };
  const sendSoon = () => { desk.timer ||= setTimeout(send, Math.max(0, PAUSE - (performance.now() - desk.sent))); };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * SIDE / box.width, (event.clientY - box.top) * SIDE / box.height];
  };

  canvas.onpointerdown = (event) => {
    if (event.button || !event.isPrimary) return; // a second finger does not draw
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    desk.stroke = { width: Number(pen.value), points: [place(event)] };
    desk.strokes.push(desk.stroke);
    desk.undone = [];
    desk.sent = performance.now(); // a dot says nothing yet, and asking about it would delay the answer to a short stroke
    repaint();
    sendSoon();
  };
  canvas.onpointermove = (event) => {
    if (!desk.stroke || !event.isPrimary) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) desk.stroke.points.push(place(move));
    repaint();
    sendSoon();
  };
  canvas.onpointerup = canvas.onpointercancel = (event) => {
    if (!desk.stroke || !event.isPrimary) return;
    desk.stroke = null;
    send();
  };
  undo.onclick = () => { if (desk.strokes.length) desk.undone.push(desk.strokes.pop()); repaint(); send(); };
  redo.onclick = () => { if (desk.undone.length) desk.strokes.push(desk.undone.pop()); repaint(); send(); };
  clear.onclick = () => { desk.undone = [...desk.undone, ...desk.strokes.reverse()]; desk.strokes = []; repaint(); send(); };
  const keys = (event) => { // not while someone types, and only while the canvas is to be seen
    if (event.target.closest?.("input:not([type=range]), textarea, [contenteditable]") || !canvas.offsetParent) return;
    const held = event.ctrlKey || event.metaKey, key = event.key.toLowerCase();
    const button = held && key === "z" ? (event.shiftKey ? redo : undo) : held && key === "y" ? redo
      : !held && (key === "delete" || key === "backspace") ? clear : null;
    if (!button || button.disabled) return;
    event.preventDefault();
    button.click();
  };
  document.removeEventListener("keydown", desk.keys);
  document.addEventListener("keydown", desk.keys = keys);
  repaint();
  return () => { clearTimeout(desk.timer); document.removeEventListener("keydown", keys); };
}
