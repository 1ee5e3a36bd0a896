// Pictures as tiles of which one is picked, with the answer under each. "chosen", the place of one, goes to Python.
const walls = new WeakMap(); // element -> { chosen, shown }

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  const wall = parentElement.querySelector(".wall");
  const memory = walls.get(wall) ?? { chosen: 0, shown: null };
  walls.set(wall, memory);
  if (memory.shown !== data.shown) memory.chosen = data.chosen; // others than before
  memory.shown = data.shown;
  const scrolled = wall.scrollTop, focused = [...wall.children].indexOf(parentElement.activeElement ?? wall.getRootNode().activeElement);
  const mark = () => [...wall.children].forEach((tile, place) => tile.setAttribute("aria-pressed", place === memory.chosen));
  wall.replaceChildren(...data.tiles.map((tile, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = tile.name;
    button.className = tile.kind;
    button.append(Object.assign(document.createElement("img"), { src: tile.src, alt: tile.name }));
    button.append(Object.assign(document.createElement("b"), { textContent: tile.said }));
    button.append(Object.assign(document.createElement("span"), { textContent: tile.sure }));
    button.onclick = () => { memory.chosen = place; mark(); setStateValue("chosen", place); };
    return button;
  }));
  mark();
  wall.scrollTop = scrolled;
  wall.children[focused]?.focus({ preventScroll: true });
}
