// Ink in a photo of paper or of a board, as core/images/paper.py finds it: uneven light divided out, the table left aside.
const Paper = (() => {
  const FAINTEST = 0.08, SOFTEST = 0.1, INK_SHARE = 99.85, PAGE_SIDE = 128, WINDOWS = [1 / 16, 1 / 8, 1 / 3], JUMP = 1.7;
  const { rounded, percentile, median, maskOf, where, gaussian, grown, labelled } = Fields;

  // Colours { height, width, data } of three numbers a pixel -> field: 0 page, about 1 full ink; null if nothing stands out.
  function photoMap(colours) {
    const { height, width } = colours;
    const grey = gaussian({ height, width, data: greyOf(colours) }, 0.8);
    const [small, outside] = withoutTable(smallCopy(grey, PAGE_SIDE));
    const beside = nearestCopy(outside, height, width), onPage = beside.map((value) => 1 - value);
    const dark = isInkDark(small), share = (data, test) => data.reduce((sum, value, i) => sum + test(value, i), 0) / data.length;
    let ink = contrast(grey, small, beside, onPage, dark, WINDOWS[0]);
    for (const window of WINDOWS.slice(1)) {
      const level = percentile(ink, INK_SHARE), wider = contrast(grey, small, beside, onPage, dark, window);
      const least = Math.fround(0.75 * Math.max(level, FAINTEST)), faint = Math.fround(0.4 * level), half = Math.fround(0.5 * level);
      // Broad strokes; a shadow is seldom as dark.
      if (share(wider, (value, i) => value > least && ink[i] < faint) > 0.1 * share(ink, (value) => value > half)) ink = wider;
    }
    const noise = 1.4826 * median(where(ink, onPage).map(Math.abs)), level = percentile(ink, INK_SHARE);
    if (level < Math.max(FAINTEST, 5 * noise)) return null;
    const field = { height, width, data: ink.map((value) => Math.min(1, Math.max(0, value / level))) };
    const full = grown({ height, width, data: maskOf(field.data, (value) => value > 0.5) }).data;
    const steps = Fields.slopes(field, 1.5).reduce((sum, value, i) => sum + (full[i] && value > Math.fround(SOFTEST)), 0);
    return steps < 20 ? null : field; // the outline of the smallest figure is longer
  }

  function greyOf({ data }) {
    const made = new Float32Array(data.length / 3);
    for (let i = 0; i < made.length; i++) made[i] = 0.299 * data[3 * i] + 0.587 * data[3 * i + 1] + 0.114 * data[3 * i + 2];
    return made;
  }

  // The small grey copy with what lies beside the page painted over, and the mask: beside the page or at its edge.
  function withoutTable(small) {
    const { height, width } = small, nowhere = { height, width, data: new Uint8Array(height * width) };
    if (Math.max(height, width) < PAGE_SIDE >> 1) return [small, nowhere]; // a jump would be the figure itself
    const window = Math.max(3, Math.min(height, width) >> 3) | 1;
    const page = Fields.opened(Fields.closed(small, window), window); // without dark strokes, and without light ones
    const dim = Math.fround(0.6 * percentile(page.data, 85));
    const { labels } = labelled({ height, width, data: maskOf(page.data, (value) => value < dim) }, false);
    const high = Fields.largest(page, 5, "reflect").data, low = Fields.least(page, 5, "reflect").data;
    const table = new Uint8Array(height * width), border = borderOf(height, width);
    for (const label of new Set(border.map((i) => labels[i]).filter(Boolean))) {
      const part = { height, width, data: maskOf(labels, (other) => other === label) };
      let rim = 0, jumps = 0;
      grown(part, 2).data.forEach((value, i) => {
        if (!value || part.data[i]) return;
        rim++;
        jumps += high[i] > Math.fround(Math.fround(JUMP * low[i]) + 8);
      });
      const along = border.reduce((sum, i) => sum + part.data[i], 0), box = lengthsOf(part);
      // A stroke may reach the border too, but does not run along it.
      if (rim && jumps / rim > 0.6 && along > 0.6 * box) part.data.forEach((value, i) => { if (value) table[i] = 1; });
    }
    const covered = table.reduce((sum, value) => sum + value, 0) / table.length;
    if (!covered || covered > 0.6) return [small, nowhere];
    const outside = grown({ height, width, data: table }, 3, true);
    if (outside.data.reduce((sum, value) => sum + value, 0) / table.length > 0.9) return [small, nowhere];
    const { nearest } = Fields.distances(outside);
    return [{ height, width, data: small.data.map((value, i) => (outside.data[i] ? page.data[nearest[i]] : value)) }, outside];
  }

  // Indices of the four edges, corners twice.
  function borderOf(height, width) {
    const found = [];
    for (let x = 0; x < width; x++) found.push(x, (height - 1) * width + x);
    for (let y = 0; y < height; y++) found.push(y * width, (y + 1) * width - 1);
    return found;
  }

  function lengthsOf({ height, width, data }) { // how many rows or columns it lies in, whichever is more
    const rows = new Uint8Array(height), columns = new Uint8Array(width);
    data.forEach((value, i) => { if (value) rows[Math.floor(i / width)] = columns[i % width] = 1; });
    return Math.max(...[rows, columns].map((each) => each.reduce((sum, value) => sum + value, 0)));
  }

  function isInkDark(copy) { // darker than the page
    const small = smallCopy(copy, 72), { height, width } = small;
    small.data = small.data.map((value) => Math.log(Math.fround(value + 8))); // in log steps a shadow is as deep in any light
    const parted = otsu(small.data), mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const dark = small.data.filter((value) => value < parted), light = small.data.filter((value) => value >= parted);
    if (dark.length && light.length && mean(light) - mean(dark) > 0.7) { // ink half as bright as the page, or darker
      const border = mean(borderOf(height, width).map((i) => Number(small.data[i] < parted)));
      if (border <= 0.1 || border >= 0.9) return border < 0.5; // broad strokes: the page is what lies all around
    }
    // Else the ink is what the median of the surroundings, which follows shadows, leaves out.
    const usual = medians(small, Math.max(3, Math.floor(Math.min(height, width) / 3)) | 1);
    const rows = Math.floor(height / 10), columns = Math.floor(width / 10);
    let sum = 0;
    for (let y = rows; y < height - rows; y++) for (let x = columns; x < width - columns; x++) {
      sum += Math.fround(small.data[y * width + x] - usual[y * width + x]) ** 3;
    }
    return sum < 0;
  }

  function medians({ height, width, data }, window) {
    const made = new Float32Array(data.length), around = new Float32Array(window * window), reach = window >> 1;
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
      let count = 0;
      for (let dy = -reach; dy <= reach; dy++) {
        const row = Math.min(Math.max(y + dy, 0), height - 1) * width;
        for (let dx = -reach; dx <= reach; dx++) around[count++] = data[row + Math.min(Math.max(x + dx, 0), width - 1)];
      }
      made[y * width + x] = Fields.smallest(around, count >> 1);
    }
    return made;
  }

  // The value that parts the values into the two classes that lie furthest apart (Otsu 1979), to 1/64 of their range.
  function otsu(values) {
    const bins = 64, low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
    const [begin, end] = low === high ? [low - 0.5, high + 0.5] : [low, high];
    const edges = Float32Array.from({ length: bins + 1 }, (_, i) => (i === bins ? end : begin + i * ((end - begin) / bins)));
    const counts = new Float64Array(bins);
    for (const value of values) {
      let bin = Math.min(bins - 1, Math.floor(((value - begin) / (end - begin)) * bins));
      if (value < edges[bin]) bin--;
      else if (bin < bins - 1 && value >= edges[bin + 1]) bin++;
      counts[bin]++;
    }
    const weight = (bin) => (counts[bin] * (edges[bin] + edges[bin + 1])) / 2;
    let whole = 0, below = 0, mass = 0, best = 0, most = -Infinity;
    for (let bin = 0; bin < bins; bin++) whole += weight(bin);
    for (let bin = 0; bin < bins - 1; bin++) {
      below += counts[bin] / values.length;
      mass += weight(bin);
      const apart = ((whole / values.length) * below - mass / values.length) ** 2 / (below * (1 - below));
      if (Number.isFinite(apart) && apart > most) { most = apart; best = bin; }
    }
    return edges[1 + best];
  }

  // How far the picture is from the page, as a share of the page (dark ink) or of white (light ink). The page is a closing of the small
  // copy: strokes narrower than `share` of its shorter side are filled in, light remains.
  function contrast(grey, small, beside, onPage, dark, share) {
    const { height, width } = grey, window = Math.max(3, rounded(share * Math.min(small.height, small.width))) | 1;
    const bright = dark ? small : { ...small, data: small.data.map((value) => 255 - value) };
    const blurred = gaussian(Fields.closed(bright, window), 1.5, "nearest");
    const page = Pillow.resized({ ...blurred, channels: 1 }, width, height, Pillow.BICUBIC).data;
    const ink = grey.data.map((value, i) => // a quotient: ink in the shade is as black as ink in the light
      dark ? 1 - Math.fround(value / Math.max(page[i], 1)) : Math.fround(page[i] - Math.fround(255 - value)) / 255);
    const usual = median(where(ink, onPage));
    return ink.map((value, i) => (beside[i] ? 0 : value - usual));
  }

  // A copy with the longer side at most `side` pixels, by averaging.
  function smallCopy({ height, width, data }, side) {
    const scale = Math.min(1, side / Math.max(height, width));
    const size = [width, height].map((length) => Math.max(4, rounded(length * scale)));
    return Pillow.resized({ width, height, channels: 1, data }, ...size, Pillow.BOX);
  }

  function nearestCopy(mask, height, width) { // its values in another size, each the nearest one
    const places = (length, size) => {
      const step = length / size;
      let place = -step / 2; // Pillow adds up steps, which decides where two are as near
      return Array.from({ length: size }, () => Math.min(length - 1, Math.floor((place += step))));
    };
    const rows = places(mask.height, height), columns = places(mask.width, width), made = new Uint8Array(height * width);
    for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) made[i] = mask.data[rows[y] * mask.width + columns[x]];
    return made;
  }

  return { photoMap };
})();
