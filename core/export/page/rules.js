// The printed lines of lined or checked paper taken out of a map of ink, as core/images/rules.py does it.
const Rules = (() => {
  const TILTS = 61, STEEPEST = 0.15, FAINT = Math.fround(0.2), SURE = 0.7, LIKELY = 0.4, MOST = 40;
  const { percentile, median, maskOf, turned, boxOf } = Fields;

  // The mask of what is ink at all, without lines that run right across the picture, of which there must be two or more.
  function without(ink) {
    const { height, width, data } = ink, faint = { height, width, data: maskOf(data, (value) => value > FAINT) };
    const mask = maskOf(data, (value) => value > Math.fround(0.3)), box = boxOf(faint);
    const spans = (begin, end, length) => begin < Math.max(1, Math.floor(length / 12)) && end > length - Math.max(1, Math.floor(length / 12));
    if (box && Math.min(height, width) >= 100) {
      const across = spans(box.left, box.right, width) && linesIn(ink, faint);
      const down = spans(box.top, box.bottom, height) && linesIn(turned(ink), turned(faint));
      const upright = down && turned({ height: width, width: height, data: down }).data;
      for (const lines of [across, upright]) if (lines) lines.forEach((value, i) => { if (value) mask[i] = 0; });
    }
    return { height, width, data: mask };
  }

  // The mask of lines from side to side, except where a stroke crosses (there the ink is taller or darker); null if there are none.
  function linesIn({ height, width, data }, faint) {
    const runs = runsIn(faint), side = Math.max(1, Math.floor(width / 12)), columns = new Set(runs.map((run) => run.x));
    if (columns.size < SURE * width) return null; // a line has at most one pixel in a column
    const pixels = runs.reduce((sum, run) => sum + run.bottom - run.top, 0);
    if (pixels > 0.5 * data.length) return null; // no page left to have rules on
    const lines = [];
    for (let step = 0; step < TILTS; step++) {
      const tilt = step === TILTS - 1 ? STEEPEST : step * ((2 * STEEPEST) / (TILTS - 1)) - STEEPEST;
      const counts = coverage(runs, tilt, height, width);
      for (let spot = 0; spot < height; spot++) if (counts[spot] / width > LIKELY) lines.push([counts[spot] / width, tilt, spot]);
    }
    lines.sort((a, b) => b[0] - a[0] || b[1] - a[1] || b[2] - a[2]);
    if (!lines.length || lines[0][0] < SURE) return null;
    const rules = [], shades = [], found = new Uint8Array(data.length);
    for (const [covered, tilt, spot] of lines) {
      if (covered < SURE && (rules.length < 3 || Math.abs(tilt - rules[0].tilt) > 0.03)) continue; // parallel, but for the perspective
      if (rules.some((rule) => Math.abs(spot - rule.spot) <= rule.thick + 3 + (width / 2) * Math.abs(tilt - rule.tilt))) continue;
      const away = (x, y) => Math.abs(y - tilt * (x - width / 2) - spot);
      const eachNear = (visit) => { // pixels within 1.5 of the line
        for (const { x, top, bottom } of runs) {
          const row = Math.floor(spot + tilt * (x - width / 2)), end = Math.min(bottom, row + 3);
          for (let y = Math.max(top, row - 1); y < end; y++) if (away(x, y) <= 1.5) visit(x, y, bottom - top);
        }
      };
      let first = width, last = -1, near = 0, tall = 0;
      eachNear((x, _, run) => { first = Math.min(first, x); last = x; near++; if (run > 0.04 * height) tall++; });
      if (first > side || last < width - side) continue; // a stroke: rules run from side to side
      if (2 * tall > near) continue; // so their median is, found quickly: a filled shape has thousands of such lines
      const lengths = [], darks = [];
      eachNear((x, y, run) => { lengths.push(run); darks.push(data[y * width + x]); });
      const thick = median(lengths), shade = percentile(darks, 80);
      if (thick > 0.04 * height) continue;
      rules.push({ tilt, spot, thick });
      shades.push(shade);
      const dark = Math.fround(1.4 * median(shades) + 0.05); // not only its own shade: a stroke may lie along this line
      for (const { x, top, bottom } of runs) if (bottom - top <= 1.7 * thick + 1) for (let y = top; y < bottom; y++) {
        if (away(x, y) <= thick / 2 + 2 && data[y * width + x] <= dark) found[y * width + x] = 1;
      }
      if (rules.length === MOST) break;
    }
    return rules.length >= 2 ? found : null;
  }

  function runsIn({ height, width, data }) { // vertical ones, column after column: [{ x, top, bottom }]
    const runs = [];
    for (let x = 0; x < width; x++) for (let y = 0, end = 0; y < height; y = end + 1) {
      for (end = y; end < height && data[end * width + x]; end++);
      if (end > y) runs.push({ x, top: y, bottom: end });
    }
    return runs;
  }

  // How many pixels of the runs lie on each line of this tilt, by the row in which it crosses the middle.
  function coverage(runs, tilt, height, width) {
    const changes = new Int32Array(height + 1);
    const add = (from, to) => {
      if (to <= 0 || from >= height) return;
      changes[Math.max(0, from)]++;
      changes[Math.min(height, to)]--;
    };
    for (const { x, top, bottom } of runs) {
      const shift = tilt * (x - width / 2), first = Fields.rounded(top - shift);
      if (Math.abs(Math.abs(top - shift - first) - 0.5) > 1e-6) add(first, first + bottom - top);
      else for (let y = top; y < bottom; y++) add(Fields.rounded(y - shift), Fields.rounded(y - shift) + 1); // halves go to even rows
    }
    for (let row = 1; row < height; row++) changes[row] += changes[row - 1];
    return changes.subarray(0, height);
  }

  return { without };
})();
