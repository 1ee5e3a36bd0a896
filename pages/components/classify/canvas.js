// Drawing area. Strokes are kept as points, so Undo works and a change of theme or size repaints them. "picture" goes to Python.
// One pointer draws at a time: a stroke belongs to the pointer that began it. A pen takes the place of a finger that is down, which
// is the hand that holds it.
const SIDE = 280; // of the picture, and of the field in which points are counted
const PAUSE = 200; // milliseconds between two pictures while drawing
const PALM = 1000; // milliseconds after a pen was seen, in which a touch is the hand that holds it
const AGAIN = 700; // milliseconds between two questions whether what the answer needs is there
const desks = new WeakMap(); // canvas -> { strokes, past, future, stroke, timer, sent, ... }; lists of strokes are never changed, only replaced
const kept = (globalThis.trainDeskDrawings ??= new Map()); // name -> { strokes, past, future }, for a canvas that comes back to the page

function picture(strokes) { // always dark on white, whatever the theme
  const sheet = document.createElement("canvas");
  sheet.width = sheet.height = SIDE;
  const context = sheet.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SIDE, SIDE);
  paint(context, strokes, "#000");
  return sheet.toDataURL("image/png");
}

// While a canvas is on the page, the page gets no shorter: else it would slide under the hand when an answer below goes away.
function keepHeight(canvas) {
  const page = canvas.getRootNode().host?.closest("[data-testid=stMainBlockContainer]");
  if (!page) return () => {};
  let width = innerWidth;
  page.style.flexShrink = 0; // with a smallest height of its own it would be squeezed to that
  const watch = new ResizeObserver(() => {
    if (innerWidth !== width) page.style.minHeight = "";
    width = innerWidth;
    if (page.offsetHeight > (parseFloat(page.style.minHeight) || 0)) page.style.minHeight = `${page.offsetHeight}px`;
  });
  watch.observe(page);
  return () => { watch.disconnect(); page.style.minHeight = page.style.flexShrink = ""; };
}

export default function (component) {
  const { parentElement, data, setStateValue, setTriggerValue } = component;
  const root = parentElement.querySelector(".desk"), canvas = root.querySelector("canvas");
  const [undo, redo, clear, pen] = [".undo", ".redo", ".clear", ".pen"].map((name) => root.querySelector(name));
  const isNew = !desks.has(canvas);
  const desk = desks.get(canvas) ?? { strokes: [], past: [], future: [], stroke: null, timer: 0, sent: 0, pen: -PALM, ...kept.get(data.keep) };
  desks.set(canvas, desk);
  desk.report = setStateValue;
  canvas.setAttribute("aria-label", `Drawing area: draw ${data.hint} with mouse, pen or finger. ${data.otherwise}`.trim());

  const style = getComputedStyle(parentElement.host ?? parentElement);
  const paper = style.getPropertyValue("--st-background-color").trim();
  root.classList.toggle("dark", parseInt(paper.slice(1, 3), 16) < 128);
  const ink = style.getPropertyValue("--st-text-color").trim();
  const context = canvas.getContext("2d");
  const repaint = () => {
    const side = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio)); // sharp at any size
    if (canvas.width !== side) canvas.width = canvas.height = side;
    context.setTransform(side / SIDE, 0, 0, side / SIDE, 0, 0);
    context.clearRect(0, 0, SIDE, SIDE);
    paint(context, desk.strokes, ink);
    undo.disabled = desk.past.length === 0;
    redo.disabled = desk.future.length === 0;
    clear.disabled = desk.strokes.length === 0;
    if (data.keep) kept.set(data.keep, { strokes: desk.strokes, past: desk.past, future: desk.future });
  };
  desk.repaint = repaint;
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
  const become = (strokes) => { // one step for Undo
    desk.past = [...desk.past, desk.strokes];
    desk.future = [];
    desk.strokes = strokes;
    repaint();
  };
  const finish = () => { desk.stroke = null; send(); };
  const takeBack = () => { Object.assign(desk, desk.stroke.before, { stroke: null }); repaint(); };

  canvas.onpointerdown = (event) => {
    const { pointerId, pointerType } = event, isPen = pointerType === "pen", isTouch = pointerType === "touch";
    if (isPen) desk.pen = performance.now();
    if (event.button || (isTouch && performance.now() - desk.pen < PALM)) return;
    if (desk.stroke?.pointerId === pointerId) finish(); // its end was lost
    if (desk.stroke && !(isPen && desk.stroke.isTouch)) return;
    if (desk.stroke) takeBack();
    event.preventDefault();
    try { canvas.setPointerCapture(pointerId); } catch { /* it is gone already */ }
    const { strokes, past, future } = desk;
    desk.stroke = { pointerId, isTouch, before: { strokes, past, future }, points: [place(event)] };
    become([...strokes, { width: Number(pen.value), points: desk.stroke.points }]);
    desk.sent = performance.now(); // a dot says nothing yet, and asking about it would delay the answer to a short stroke
    sendSoon();
  };
  canvas.onpointermove = (event) => {
    if (event.pointerType === "pen") desk.pen = performance.now();
    if (desk.stroke?.pointerId !== event.pointerId) return;
    if (!event.buttons) return finish(); // released where it could not be seen
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) desk.stroke.points.push(place(move));
    repaint();
    sendSoon();
  };
  canvas.onpointerup = canvas.onlostpointercapture = (event) => { if (desk.stroke?.pointerId === event.pointerId) finish(); };
  canvas.onpointercancel = (event) => { // of a touch: the system took it for a palm
    if (desk.stroke?.pointerId !== event.pointerId) return;
    if (desk.stroke.isTouch) takeBack();
    finish();
  };
  const step = (from, to) => {
    desk.stroke = null;
    if (!from.length) return;
    to.push(desk.strokes);
    desk.strokes = from.pop();
    repaint();
    send();
  };
  undo.onclick = () => { desk.past = [...desk.past]; desk.future = [...desk.future]; step(desk.past, desk.future); };
  redo.onclick = () => { desk.past = [...desk.past]; desk.future = [...desk.future]; step(desk.future, desk.past); };
  clear.onclick = () => { desk.stroke = null; become([]); send(); };
  const keys = (event) => { // not while someone types, and only while the canvas is to be seen
    const typing = "input:not([type=range], [type=radio], [type=checkbox]), textarea, [contenteditable]";
    if (event.target.closest?.(typing) || !canvas.offsetParent) return;
    const held = event.ctrlKey || event.metaKey, key = event.key.toLowerCase();
    const button = held && key === "z" ? (event.shiftKey ? redo : undo) : held && key === "y" ? redo
      : !held && (key === "delete" || key === "backspace") ? clear : null;
    if (!button || button.disabled) return;
    event.preventDefault();
    button.click();
  };
  root.onpointerdown = () => document.activeElement?.blur?.(); // who draws has done typing: Enter is for the drawing now
  document.removeEventListener("keydown", desk.keys);
  document.addEventListener("keydown", desk.keys = keys);
  repaint();
  if (isNew) {
    desk.size = new ResizeObserver(() => desk.repaint());
    desk.size.observe(canvas);
    desk.release = keepHeight(canvas);
    if (desk.strokes.length) send();
  }
  clearTimeout(desk.asks);
  if (data.asks) { // the first time when the canvas has been painted: what is loaded then keeps the server busy
    const ask = () => setTriggerValue("asked", true);
    if (isNew) requestAnimationFrame(() => requestAnimationFrame(ask));
    else desk.asks = setTimeout(ask, AGAIN);
  }
  return () => {
    clearTimeout(desk.timer);
    clearTimeout(desk.asks);
    document.removeEventListener("keydown", desk.keys);
    desk.size.disconnect();
    desk.release();
    desks.delete(canvas);
  };
}
