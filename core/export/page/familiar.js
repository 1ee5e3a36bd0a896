// Is a picture unlike all that the network learned from? familiar.py says how it is measured, and computes the same.
const Familiar = (() => {
  const WIDE = 256, SIDE = 32; // as there, and in core/inference/neighbours.py
  const energy = (values) => values.reduce((sum, value) => sum + value * value, 0);

  function build({ words, array }) {
    const kept = words.familiar, read = (name) => array(kept[name]);
    const axes = Float32Array.from(read("axes"), (value) => value / 127), [wide, count] = kept.axes.shape;
    const features = Float32Array.from(read("features"), (value) => value * kept.step);
    const squares = Float32Array.from(read("pixels"), (value) => value / kept.levels);
    const banks = {
      features: { values: features, ...own(features, read("lost_features")) },
      pixels: { values: squares, ...own(squares, read("lost_pixels")) },
    };
    return { ...kept, axes, wide, count, banks, mix: null };
  }

  function own(values, lost) { // of every picture that is kept: its length, squared, and what the projection took away
    const depth = values.length / lost.length;
    return { depth, lost, lengths: Float32Array.from(lost, (_, place) => energy(values.subarray(place * depth, (place + 1) * depth))) };
  }

  // How unlike: above `limit` the answer means little.
  function score(familiar, features, { pixels, height, width, channels }) {
    const direction = directionOf(familiar, features), projected = new Float32Array(familiar.count);
    direction.forEach((value, row) => {
      if (value) for (let axis = 0; axis < projected.length; axis++) projected[axis] += value * familiar.axes[row * familiar.count + axis];
    });
    const byFeatures = nearest(familiar.banks.features, projected, Math.max(0, energy(direction) - energy(projected)), familiar.rank);

    const step = Math.ceil(Math.max(height, width) / SIDE);
    const small = inSquares({ data: pixels, height, width, channels }, step);
    small.data = small.data.map((value) => Math.round(value) / 255);
    const wide = familiar.side, squares = inSquares(small, wide), covered = energyWithin(small, squares.height * wide, squares.width * wide);
    const byPixels = nearest(familiar.banks.pixels, squares.data, Math.max(0, covered - energy(squares.data) * wide ** 2), familiar.rank, wide ** 2);
    return (byFeatures / familiar.units[0] + byPixels / familiar.units[1]) / 2;
  }

  function directionOf(familiar, features) {
    let mixed = features;
    if (features.length > WIDE) {
      familiar.mix ??= signs(features.length * WIDE);
      mixed = new Float32Array(WIDE);
      features.forEach((value, row) => { for (let i = 0; i < WIDE; i++) mixed[i] += value * familiar.mix[row * WIDE + i]; });
    }
    const length = Math.max(Math.sqrt(energy(mixed)), 1e-9);
    return mixed.map((value) => value / length);
  }

  function signs(count) { // 1 and -1 as if by chance, the same as in familiar.py
    const found = new Int8Array(count);
    for (let i = 0; i < count; i++) {
      let value = Math.imul(i + 1, 0x9e3779b9);
      value = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
      value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
      found[i] = value < 0 ? 1 : -1;
    }
    return found;
  }

  // The squared distance to the `rank`-th nearest picture that is kept, where both lost something when they were projected.
  function nearest({ values, lengths, lost, depth }, picture, lostOfPicture, rank, times = 1) {
    const least = new Array(Math.min(rank, lost.length)).fill(Infinity); // rising
    for (let place = 0; place < lost.length; place++) {
      let product = 0;
      for (let i = 0, from = place * depth; i < depth; i++) product += values[from + i] * picture[i];
      const distance = (lengths[place] - 2 * product) * times + lost[place];
      for (let i = least.length - 1; i >= 0 && distance < least[i]; i--) {
        if (i + 1 < least.length) least[i + 1] = least[i];
        least[i] = distance;
      }
    }
    return Math.max(0, least.at(-1) + energy(picture) * times + lostOfPicture);
  }

  function inSquares({ data, height, width, channels }, side) { // means of squares; what none is left for is passed over
    const rows = Math.max(1, Math.floor(height / side)), columns = Math.max(1, Math.floor(width / side));
    const means = new Float32Array(rows * columns * channels), high = Math.min(side, height), wide = Math.min(side, width);
    for (let y = 0; y < rows * high; y++)
      for (let x = 0; x < columns * wide; x++)
        for (let i = 0; i < channels; i++)
          means[(Math.floor(y / high) * columns + Math.floor(x / wide)) * channels + i] += data[(y * width + x) * channels + i] / (high * wide);
    return { data: means, height: rows, width: columns, channels };
  }

  function energyWithin({ data, width, channels }, height, columns) {
    let sum = 0;
    for (let y = 0; y < height; y++) for (let i = 0; i < columns * channels; i++) sum += data[y * width * channels + i] ** 2;
    return sum;
  }

  return { build, score };
})();
