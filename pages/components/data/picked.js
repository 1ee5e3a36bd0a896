// Pictures as buttons: a click picks one, with Shift all from the last click on. "chosen" goes to Python.
const walls = new WeakMap(); // element -> { chosen, last, shown }

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  const wall = parentElement.querySelector(".wall");
  const memory = walls.get(wall) ?? { chosen: new Set(), last: -1, shown: "" };
  walls.set(wall, memory);
  const shown = data.tiles.map((tile) => tile.id).join();
  if (shown === memory.shown) return;
  const others = memory.shown !== "";
  memory.shown = shown;
  memory.chosen.clear();
  memory.last = -1;
  const mark = (button, id) => button.setAttribute("aria-pressed", memory.chosen.has(id));
  const buttons = data.tiles.map((tile, place) => {
    const button = document.createElement("button");
    const picture = Object.assign(document.createElement("img"), { src: tile.src, alt: tile.name || `Picture ${tile.id}` });
    button.append(picture);
    button.title = tile.name;
    button.onclick = (event) => {
      const [from, to] = event.shiftKey && memory.last >= 0 ? [Math.min(place, memory.last), Math.max(place, memory.last)] : [place, place];
      const on = !memory.chosen.has(tile.id);
      for (let each = from; each <= to; each++) {
        const id = data.tiles[each].id;
        on ? memory.chosen.add(id) : memory.chosen.delete(id);
        mark(buttons[each], id);
      }
      memory.last = place;
      setStateValue("chosen", [...memory.chosen]);
    };
    mark(button, tile.id);
    return button;
  });
  wall.replaceChildren(...buttons);
  if (others) setStateValue("chosen", []);
}
