// What NumPy and SciPy do with fields of numbers, as the search for ink needs it.
// A field is { height, width, data }, rows one after another; a mask is a field whose data are 0 and 1.
const Fields = (() => {
  // As Python rounds: halves to the even number.
  function rounded(value) {
    const up = Math.floor(value + 0.5);
    return up - value === 0.5 && up % 2 !== 0 ? up - 1 : up;
  }

  // The k-th smallest of the values, which are put in another order (Hoare's quickselect).
  function smallest(values, k) {
    let left = 0, right = values.length - 1;
    while (left < right) {
      const pivot = values[(left + right) >> 1];
      let i = left, j = right;
      while (i <= j) {
        while (values[i] < pivot) i++;
        while (values[j] > pivot) j--;
        if (i <= j) { const kept = values[i]; values[i++] = values[j]; values[j--] = kept; }
      }
      if (k <= j) right = j;
      else if (k >= i) left = i;
      else break;
    }
    return values[k];
  }

  // `share` is in percent; between two values as NumPy does it.
  function percentile(values, share) {
    const copy = new Float32Array(values), place = (share / 100) * (copy.length - 1), below = Math.floor(place);
    const low = smallest(copy, below);
    if (place === below) return low;
    let high = Infinity; // those behind the k-th are no smaller than it
    for (let i = below + 1; i < copy.length; i++) if (copy[i] < high) high = copy[i];
    return Math.fround(low + (high - low) * (place - below));
  }

  const median = (values) => percentile(values, 50);

  // Where the test holds, 1. (Several times as fast as Uint8Array.from with a function.)
  function maskOf(values, test) {
    const mask = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) if (test(values[i], i)) mask[i] = 1;
    return mask;
  }

  // The values of a field where the mask is 1.
  const where = (data, mask) => data.filter((_, i) => mask[i]);

  // Row numbers beyond the edge: "nearest" repeats the last one, "reflect" mirrors (d c b a | a b c d | d c b a).
  function beyond(index, length, mode) {
    if (mode === "nearest") return Math.min(Math.max(index, 0), length - 1);
    while (index < 0 || index >= length) index = index < 0 ? -1 - index : 2 * length - 1 - index;
    return index;
  }

  // A field made of another one, first down the columns, then along the rows: `act(line, reach values around, length)`.
  function byLines({ height, width, data }, reach, mode, downwards, across) {
    const passed = (from, lines, length, step, next, act) => {
      const made = new Float32Array(from.length), line = new Float64Array(length + 2 * reach);
      const places = Array.from(line, (_, i) => beyond(i - reach, length, mode) * step);
      for (let l = 0; l < lines; l++) {
        for (let i = 0; i < line.length; i++) line[i] = from[l * next + places[i]];
        for (let i = 0; i < length; i++) made[l * next + i * step] = act(line, i);
      }
      return made;
    };
    const half = passed(data, width, height, width, 1, downwards);
    return { height, width, data: passed(half, height, width, 1, width, across) };
  }

  function extremes(field, window, mode, sign) {
    const act = (line, i) => {
      let best = line[i];
      for (let k = i + 1; k < i + window; k++) if (sign * line[k] > sign * best) best = line[k];
      return best;
    };
    return byLines(field, window >> 1, mode, act, act);
  }
  const largest = (field, window, mode = "nearest") => extremes(field, window, mode, 1);
  const least = (field, window, mode = "nearest") => extremes(field, window, mode, -1);
  const closed = (field, window) => least(largest(field, window), window); // without what is dark and narrower than the window
  const opened = (field, window) => largest(least(field, window), window);

  function bell(sigma, order) { // weights of a Gaussian, or of its slope
    const reach = Math.trunc(4 * sigma + 0.5), weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp((-0.5 / sigma ** 2) * (i - reach) ** 2));
    const sum = weights.reduce((total, weight) => total + weight);
    return weights.map((weight, i) => (order ? ((i - reach) / sigma ** 2) * weight : weight) / sum);
  }

  function gaussian(field, sigma, mode = "reflect", [down, across] = [0, 0]) {
    const act = (weights) => (line, i) => {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += line[i + k] * weights[k];
      return sum;
    };
    const weights = [bell(sigma, down), bell(sigma, across)];
    return byLines(field, weights[0].length >> 1, mode, act(weights[0]), act(weights[1]));
  }

  // How steep the blurred field is.
  function slopes(field, sigma) {
    const down = gaussian(field, sigma, "reflect", [1, 0]).data, across = gaussian(field, sigma, "reflect", [0, 1]).data;
    return down.map((value, i) => Math.sqrt(Math.fround(value * value) + Math.fround(across[i] * across[i])));
  }

  // The mask and what lies beside it, `steps` times: by the edge, or (`corners`) by a corner too.
  function grown({ height, width, data }, steps = 1, corners = false) {
    let mask = data;
    for (let step = 0; step < steps; step++) {
      const made = Uint8Array.from(mask);
      for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) {
        if (!mask[i]) continue;
        for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) {
          if ((dy && dx && !corners) || y + dy < 0 || y + dy >= height || x + dx < 0 || x + dx >= width) continue;
          made[i + dy * width + dx] = 1;
        }
      }
      mask = made;
    }
    return { height, width, data: mask };
  }

  // Connected parts of a mask, numbered from 1 in the order of their first pixels: { labels, count }.
  function labelled({ height, width, data }, corners) {
    const labels = new Int32Array(data.length), stack = new Int32Array(data.length);
    let count = 0;
    for (let start = 0; start < data.length; start++) {
      if (!data[start] || labels[start]) continue;
      let waiting = 1;
      stack[0] = start;
      labels[start] = ++count;
      while (waiting) {
        const i = stack[--waiting], y = Math.floor(i / width), x = i - y * width;
        for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) {
          if ((dy && dx && !corners) || y + dy < 0 || y + dy >= height || x + dx < 0 || x + dx >= width) continue;
          const other = i + dy * width + dx;
          if (data[other] && !labels[other]) { labels[other] = count; stack[waiting++] = other; }
        }
      }
    }
    return { labels, count };
  }

  // How far each pixel of the mask is from the nearest 0, exactly (Felzenszwalb and Huttenlocher 2012: the distance down the column,
  // then the lowest of the parabolas that stand on the row). { squared, nearest }: squares of distances, and the index of that 0.
  function distances({ height, width, data }) {
    const FAR = 1e9, rows = new Int32Array(data.length).fill(-1); // the nearest row with a 0 in the same column
    for (let x = 0; x < width; x++) {
      for (let y = 0, last = -1; y < height; y++) rows[y * width + x] = last = data[y * width + x] ? last : y;
      for (let y = height - 1, next = -1; y >= 0; y--) {
        const i = y * width + x;
        if (!data[i]) next = y;
        if (next >= 0 && (rows[i] < 0 || next - y < y - rows[i])) rows[i] = next;
      }
    }
    const squared = new Float64Array(data.length), nearest = new Int32Array(data.length);
    const feet = new Int32Array(width), from = new Float64Array(width + 1), depth = new Float64Array(width);
    for (let y = 0; y < height; y++) {
      let last = -1; // parabola of the envelope
      for (let x = 0; x < width; x++) {
        const row = rows[y * width + x];
        depth[x] = row < 0 ? FAR : (row - y) ** 2;
        if (row < 0) continue;
        let meet = -Infinity;
        for (; last >= 0; last--) {
          const foot = feet[last];
          meet = (depth[x] + x * x - depth[foot] - foot * foot) / (2 * (x - foot));
          if (meet > from[last]) break;
          meet = -Infinity;
        }
        feet[++last] = x;
        from[last] = meet;
      }
      for (let x = 0, at = 0; x < width; x++) {
        const i = y * width + x;
        if (last < 0) { squared[i] = FAR; nearest[i] = -1; continue; }
        while (at < last && from[at + 1] <= x) at++;
        squared[i] = depth[feet[at]] + (x - feet[at]) ** 2;
        nearest[i] = rows[y * width + feet[at]] * width + feet[at];
      }
    }
    return { squared, nearest };
  }

  // The mask's own box: { top, left, bottom, right }, the last two one beyond; null of an empty mask.
  function boxOf({ height, width, data }) {
    let top = height, left = width, bottom = 0, right = 0;
    for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) if (data[i]) {
      if (y < top) top = y;
      bottom = y + 1;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
    }
    return bottom ? { top, left, bottom, right } : null;
  }

  function cut({ width, data }, { top, left, bottom, right }) {
    const made = new data.constructor((bottom - top) * (right - left));
    for (let y = top; y < bottom; y++) made.set(data.subarray(y * width + left, y * width + right), (y - top) * (right - left));
    return { height: bottom - top, width: right - left, data: made };
  }

  function padded({ height, width, data }, room) { // with zeros
    const made = new data.constructor((height + 2 * room) * (width + 2 * room));
    for (let y = 0; y < height; y++) made.set(data.subarray(y * width, (y + 1) * width), (y + room) * (width + 2 * room) + room);
    return { height: height + 2 * room, width: width + 2 * room, data: made };
  }

  function turned({ height, width, data }) { // rows become columns
    const made = new data.constructor(data.length);
    for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) made[x * height + y] = data[i];
    return { height: width, width: height, data: made };
  }

  return { rounded, smallest, percentile, median, maskOf, where, largest, least, closed, opened, gaussian, slopes, grown, labelled, distances,
    boxOf, cut, padded, turned };
})();
