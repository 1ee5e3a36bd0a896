// The ink in any picture of writing, as core/images/inkmap.py finds it: drawings, transparent exports, photos of paper.
const Ink = (() => {
  const BLANK = "Nothing is drawn in this picture; draw one figure with strokes that stand out from the background.";
  const WORK_SIDE = 560, SMALLEST = 0.025;
  const { percentile, median, maskOf } = Fields;
  const blank = () => new Error(BLANK);

  // Field of ink, 0 to about 1, and the mask of the figure's strokes in it. Throws when there is none.
  function found(picture) {
    const ink = inkMap(flatColours(picture));
    return { ink, strokes: strokesOf(ink) };
  }

  // RGBA picture -> { height, width, data: Float32Array of three numbers a pixel }, longer side at most WORK_SIDE.
  function flatColours(picture) {
    const factor = Math.ceil(Math.max(picture.width, picture.height) / WORK_SIDE), isClear = Pillow.isClear(picture);
    const { height, width, data } = factor > 1 ? Pillow.reduced({ ...picture, channels: 4 }, factor, factor) : picture;
    if (isClear) return { height, width, data: withoutAlpha(data, width) };
    const colours = new Float32Array(width * height * 3);
    for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
      colours[to] = data[from]; colours[to + 1] = data[from + 1]; colours[to + 2] = data[from + 2];
    }
    return { height, width, data: colours };
  }

  // Strokes on nothing get the opposite page; a card with clear margins gets its own colour there.
  function withoutAlpha(data, width) {
    const count = data.length / 4, alpha = Float32Array.from({ length: count }, (_, i) => data[4 * i + 3] / 255);
    const most = alpha.reduce((a, b) => Math.max(a, b)), visible = alpha.map((value) => value > Math.fround(0.5 * most));
    const box = Fields.boxOf({ height: count / width, width, data: visible });
    if (most < Math.fround(0.02) || !box) throw blank();
    const seen = visible.reduce((sum, value) => sum + value), filled = seen / ((box.bottom - box.top) * (box.right - box.left));
    const channel = (c) => Float32Array.from({ length: count }, (_, i) => data[4 * i + c]);
    const greys = Float32Array.from({ length: count }, (_, i) => 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]);
    const [low, middle, high] = [2, 50, 98].map((share) => percentile(Fields.where(greys, visible), share));
    const isCard = filled > 0.75 && high - low > 60; // digits cover 20 to 50 % of their box, and a bar has one colour
    const page = [0, 1, 2].map((c) => (isCard ? median(Fields.where(channel(c), visible)) : middle < 128 ? 255 : 0));
    const colours = new Float32Array(count * 3);
    for (let i = 0; i < count; i++) {
      const part = isCard ? alpha[i] : Math.fround(alpha[i] / most), rest = Math.fround(1 - part);
      for (let c = 0; c < 3; c++) colours[3 * i + c] = Math.fround(data[4 * i + c] * part) + Math.fround(page[c] * rest);
    }
    return colours;
  }

  function inkMap(colours) {
    if (Math.min(colours.height, colours.width) < 4) throw blank(); // no room for a figure
    const page = plainPage(colours), ink = page ? distanceMap(colours, page) : Paper.photoMap(colours);
    if (!ink) throw blank();
    return ink;
  }

  // The one colour of a drawn page, or null for a photo: light that falls off leaves many pixels a little beside it.
  function plainPage({ height, width, data }) {
    const ring = Math.max(1, Math.floor(Math.min(height, width) / 50)), border = [];
    const add = (top, bottom, left, right) => {
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) border.push(3 * (y * width + x));
    };
    add(0, ring, 0, width); add(height - ring, height, 0, width); add(0, height, 0, ring); add(0, height, width - ring, width);
    const medianOf = (places) => [0, 1, 2].map((c) => median(places.map((place) => data[place + c])));
    for (const guess of [() => medianOf(border), () => medianOf(commonest(data))]) {
      const page = guess();
      let same = 0, beside = 0;
      for (let i = 0; i < data.length; i += 3) {
        const away = Math.max(Math.abs(data[i] - page[0]), Math.abs(data[i + 1] - page[1]), Math.abs(data[i + 2] - page[2]));
        if (away <= 8) same++;
        else if (away <= 24) beside++;
      }
      const count = data.length / 3, beyond = (count - same - beside) / count;
      if (same / count >= 0.4 && beside / count <= 0.005 + 0.25 * beyond) return page; // edges of strokes are beside it
    }
    return null;
  }

  function commonest(data) { // where the most common colour is, to 8 steps a channel
    const counts = new Int32Array(32 * 1024 + 1), code = (i) => (data[i] >> 3) * 1024 + (data[i + 1] >> 3) * 32 + (data[i + 2] >> 3);
    for (let i = 0; i < data.length; i += 3) counts[code(i)]++;
    const most = counts.indexOf(counts.reduce((a, b) => Math.max(a, b))), places = [];
    for (let i = 0; i < data.length; i += 3) if (code(i) === most) places.push(i);
    return places;
  }

  // How far each colour is from the page, as a share of how far the ink is (its 90th percentile beyond the tolerance).
  function distanceMap({ height, width, data }, page) {
    const distance = new Float32Array(height * width), beyond = new Float32Array(height * width), [pageRed, pageGreen, pageBlue] = page, { fround } = Math;
    let count = 0;
    for (let i = 0, at = 0; i < distance.length; i++, at += 3) { // float32 at every step, as NumPy has it
      const red = fround(data[at] - pageRed), green = fround(data[at + 1] - pageGreen), blue = fround(data[at + 2] - pageBlue);
      if (red === 0 && green === 0 && blue === 0) continue; // most of a drawing
      distance[i] = Math.sqrt(fround(fround(fround(red * red) + fround(green * green)) + fround(blue * blue)));
      if (distance[i] > 24) beyond[count++] = distance[i];
    }
    if (count < 4) return null;
    const full = percentile(beyond.subarray(0, count), 90);
    for (let i = 0; i < distance.length; i++) if (distance[i]) distance[i] = Math.min(1, distance[i] / full);
    return { height, width, data: distance };
  }

  // The mask of the figure: not specks, rules and what only borders the picture. Throws when there is none.
  function strokesOf(ink) {
    const { height, width, data } = ink, weak = Rules.without(ink); // hysteresis: faint ends of a stroke belong to it
    const { labels, count } = Fields.labelled(weak, true);
    if (!count) throw blank();
    const parts = Array.from({ length: count }, () => ({ area: 0, sharp: 0, strong: false, top: height, left: width, bottom: 0, right: 0 }));
    for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) if (labels[i]) {
      const part = parts[labels[i] - 1], up = y > 0 ? i - width : i, left = x > 0 ? i - 1 : i;
      const below = y < height - 1 ? i + width : i, right = x < width - 1 ? i + 1 : i;
      const down = (data[below] - data[up]) / ((below - up) / width), across = (data[right] - data[left]) / (right - left);
      part.area++;
      part.sharp += down * down + across * across; // a shadow is large, but its edges are soft
      if (data[i] > 0.5) part.strong = true;
      if (y < part.top) part.top = y;
      if (y >= part.bottom) part.bottom = y + 1;
      if (x < part.left) part.left = x;
      if (x >= part.right) part.right = x + 1;
    }
    let main = parts[0], most = -1;
    for (const part of parts) {
      part.edges = (part.top <= 1) + (part.left <= 1) + (part.bottom >= height - 1) + (part.right >= width - 1);
      if (!part.strong) part.area = part.sharp = 0;
      const worth = part.sharp * (part.edges ? 0.05 : 1); // table, fingers, shadows; a lone huge digit still wins
      if (worth > most) { most = worth; main = part; }
    }
    const chosen = belonging(parts, main), box = around(chosen);
    const side = Math.max(box.bottom - box.top, box.right - box.left);
    if (main.area < 6 || side < Math.max(4, SMALLEST * Math.max(height, width))) throw blank();
    const isChosen = [false, ...parts.map((part) => chosen.has(part))];
    return { height, width, data: maskOf(labels, (label) => isChosen[label]) };
  }

  // The main part and, joined one after another, parts near it that are large enough to be strokes.
  function belonging(parts, main) {
    const chosen = new Set([main]);
    const candidates = parts.filter((part) => part.area >= 0.03 * main.area && (!part.edges || main.edges));
    for (;;) {
      const box = around(chosen), reach = 0.35 * Math.max(box.bottom - box.top, box.right - box.left);
      const gap = (part) => Math.max(part.top - box.bottom, part.left - box.right, box.top - part.bottom, box.left - part.right, 0);
      const joined = candidates.filter((part) => !chosen.has(part) && gap(part) <= reach);
      if (!joined.length) return chosen;
      joined.forEach((part) => chosen.add(part));
    }
  }

  function around(parts) {
    const of = (name, best) => Math[best](...Array.from(parts, (part) => part[name]));
    return { top: of("top", "min"), left: of("left", "min"), bottom: of("bottom", "max"), right: of("right", "max") };
  }

  return { found, blank };
})();
