// A picture made into the dataset's own form, as the functions of core/images do it: `Preparation.prepare(image, plan)`.
// `image` is { width, height, data: RGBA } as ImageData, upright; `plan` is { module, function, arguments } as a dataset gives it.
// What comes back is { pixels: Uint8Array (height, width, channels), height, width, channels }. An empty picture throws an Error.
// A picture with a side beyond MAX_SIDE is reduced first, as the dashboard does when it reads a file; the page may have done so.
const Preparation = (() => {
  const MAX_SIDE = 1600, FINE = 8, THINNEST = 2.6, THICKEST = 4.0; // see core/images/ink.py
  const WIDEST = 22, MASS = 18.5; // see core/images/optdigits.py
  const ALL_ONE_COLOUR = "The picture shows no item: it is all one colour; choose a picture of one piece of clothing.";
  const { rounded, boxOf, cut, padded, distances, median, maskOf } = Fields;
  const { BOX, BICUBIC, resized, flattened } = Pillow;

  const ways = {
    ink: { prepare_ink: ({ size = 28, box = 20 }) => (image) => ink(image, size, box) },
    optdigits: { prepare_optdigits: () => optdigits },
    photo: {
      prepare_photo: ({ channels, size }) => (image) => photo(image, channels, ...size),
      prepare_clothing: ({ size = 28 }) => (image) => clothing(image, size),
    },
    fit: { prepare_square: ({ channels, side, fit }) => (image) => square(image, channels, side, fit) },
  };

  function prepare(image, plan) {
    const way = ways[plan.module]?.[plan.function];
    if (!way) throw new Error(`This page cannot prepare pictures as ${plan.module}.${plan.function} does; use TrainDesk for this network.`);
    const factor = Math.ceil(Math.max(image.width, image.height) / MAX_SIDE), { width, height, data } = image;
    const whole = { width, height, channels: 4, data };
    const made = way(plan.arguments ?? {})(factor > 1 ? Pillow.reduced(whole, factor, factor) : whole);
    return { pixels: made.data, height: made.height, width: made.width, channels: made.channels ?? 1 };
  }

  // MNIST's recipe: the figure's box scaled to `box` pixels, its centre of mass in the middle of `size` pixels.
  function ink(image, size, box) {
    return alreadyPrepared(image, size, box) ?? centred(fitted(evenThickness(enlarged(image, box), box), box), size);
  }

  // Mask of the figure, resampled so that its longer side is box * FINE.
  function enlarged(image, box) {
    const { ink, strokes } = Ink.found(image), place = boxOf(strokes), mask = cut(strokes, place), figure = cut(ink, place);
    const { height, width } = figure, scale = (box * FINE) / Math.max(height, width);
    const size = [width, height].map((length) => Math.max(1, rounded(length * scale)));
    for (let i = 0; i < figure.data.length; i++) if (!mask.data[i]) figure.data[i] = 0;
    const smooth = resized({ ...figure, channels: 1 }, ...size, BICUBIC);
    const solid = maskOf(smooth.data, (value) => value > Math.fround(0.45));
    if (scale < 1) { // hair lines fade when made smaller: keep what the strokes themselves cover
      const cover = resized({ ...mask, channels: 1, data: Float32Array.from(mask.data) }, ...size, BOX).data;
      for (let i = 0; i < solid.length; i++) if (cover[i] > Math.fround(0.3)) solid[i] = 1;
    }
    if (!solid.includes(1)) throw Ink.blank();
    return { height: size[1], width: size[0], data: solid };
  }

  function strokeWidth(solid) { // across a stroke, depth averages a quarter of its width
    let sum = 0, count = 0;
    for (const square of distances(padded(solid, 1)).squared) if (square) { sum += Math.sqrt(square); count++; }
    return (4 * sum) / count - 1;
  }

  // The mask with very thin strokes thickened to THINNEST, very thick ones slimmed towards THICKEST, in pixels of a 20 box.
  function evenThickness(solid, box) {
    const unit = (FINE * box) / 20, width = strokeWidth(solid) / unit;
    if (width < THINNEST) {
      const grow = ((THINNEST - width) * unit) / 2, room = Math.ceil(grow) + 1;
      return masked(inverse(padded(solid, room)), (distance) => distance <= grow);
    }
    if (width > THICKEST) {
      const shrink = ((width - THICKEST) * unit) / 2;
      return masked(padded(solid, 1), (distance) => distance > shrink);
    }
    return solid;
  }

  const inverse = (mask) => ({ ...mask, data: mask.data.map((value) => 1 - value) });
  const masked = (mask, test) => ({ ...mask, data: maskOf(distances(mask).squared, (square) => test(Math.sqrt(square))) });

  function fitted(solid, box) { // its own box, antialiased by averaging, the longer side exactly `box`
    const figure = cut(solid, boxOf(solid)), scale = box / Math.max(figure.height, figure.width);
    return covered(figure, Math.max(1, rounded(figure.width * scale)), Math.max(1, rounded(figure.height * scale)));
  }

  const covered = (mask, width, height) => resized({ ...mask, channels: 1, data: mask.data.map((value) => 255 * value) }, width, height, BOX);

  function massOf({ height, width, data }) { // [row, column] of the centre of mass
    let mass = 0, down = 0, across = 0;
    for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) {
      mass += data[i]; down += data[i] * y; across += data[i] * x;
    }
    return [down / mass, across / mass];
  }

  function centred(figure, size) {
    const [row, column] = massOf(figure), put = (middle, length) => Math.min(Math.max(rounded(size / 2 - middle), 0), size - length);
    return pasted(figure, put(row, figure.height), put(column, figure.width), size, size);
  }

  function pasted({ height, width, data, channels = 1 }, top, left, fieldHeight, fieldWidth, colour = [0]) {
    const field = Uint8Array.from({ length: fieldHeight * fieldWidth * channels }, (_, i) => colour[i % channels]);
    for (let y = 0; y < height; y++) {
      field.set(data.subarray(y * width * channels, (y + 1) * width * channels), ((top + y) * fieldWidth + left) * channels);
    }
    return { height: fieldHeight, width: fieldWidth, channels, data: field };
  }

  // The picture's own pixels if it meets the recipe already, also as black on white; else null.
  function alreadyPrepared(image, size, box) {
    if (image.width !== size || image.height !== size || Pillow.isClear(image)) return null;
    const grey = flattened(image, 1);
    for (const field of [grey, { ...grey, data: grey.data.map((value) => 255 - value) }]) {
      const place = boxOf(field), side = place && Math.max(place.bottom - place.top, place.right - place.left);
      if (!place || side < box - 1 || side > box) continue;
      if (massOf(field).every((middle) => Math.abs(middle - size / 2) <= 0.75) && !isPen(field, box)) return field;
    }
    return null;
  }

  function isPen({ height, width, data }, box) { // the thin line of a program's pen without any grey
    if (data.some((value) => value > 0 && value < 255)) return false;
    return (strokeWidth({ height, width, data: data.map((value) => Number(value > 0)) }) * 20) / box <= THICKEST;
  }

  // The form of scikit-learn's load_digits: 32 high, at most WIDEST wide, counted in blocks of 4 x 4.
  function optdigits(image) {
    if (image.width === 8 && image.height === 8 && !Pillow.isClear(image)) {
      const grey = flattened(image, 1), sides = grey.data.filter((_, i) => i % 8 === 0 || i % 8 === 7);
      if (median(sides) < 128) return grey;
    }
    const room = 4 * FINE, around = padded(enlarged(image, 20), room), inside = distances(around).squared;
    const depth = distances(inverse(around)).squared.map((square, i) => Math.sqrt(square) - Math.sqrt(inside[i]));
    const upTo = (limit) => blocks({ ...around, data: maskOf(depth, (value) => value <= limit) });
    let thinnest = 0.5 * depth.reduce((a, b) => Math.min(a, b)), thickest = room - 1;
    for (let step = 0; step < 6; step++) { // halving: to 1/64 of the range, half a working pixel
      const middle = (thinnest + thickest) / 2, mass = upTo(middle).data.reduce((sum, value) => sum + value, 0) / 255 / 16;
      if (mass > MASS) thickest = middle;
      else thinnest = middle;
    }
    const figure = upTo(thinnest), [, middle] = massOf(figure);
    const left = Math.min(Math.max(rounded(15.5 - middle), 0), 32 - figure.width);
    return Pillow.reduced(pasted(figure, 0, left, 32, 32), 4, 4);
  }

  function blocks(solid) {
    const figure = cut(solid, boxOf(solid));
    return covered(figure, Math.max(1, Math.min(WIDEST, rounded((32 * figure.width) / figure.height))), 32);
  }

  // The middle of the picture in the given aspect.
  function photo(image, channels, height, width) {
    const flat = flattened(image, channels);
    if (flat.width === width && flat.height === height) return flat;
    const scale = Math.min(flat.width / width, flat.height / height), wide = width * scale, high = height * scale;
    const left = Math.max(0, (flat.width - wide) / 2), top = Math.max(0, (flat.height - high) / 2);
    return resized(flat, width, height, BICUBIC, [left, top, Math.min(left + wide, flat.width), Math.min(top + high, flat.height)], 3);
  }

  // Fashion-MNIST's recipe: trimmed to the item, longest edge `size`, bright on black, in the middle.
  function clothing(image, size) {
    const grey = flattened(image, 1), { height, width } = grey, isLight = median(edgeOf(grey)[0]) >= 128;
    if (height === size && width === size && !isLight) return grey;
    const bright = isLight ? grey.data.map((value) => 255 - value) : grey.data;
    const background = isLight ? 255 - median(edgeOf(grey)[0]) : median(edgeOf(grey)[0]);
    const item = bright.map((value) => Number(Math.abs(value - background) > 13)); // 5 % of white
    if (item.reduce((sum, value) => sum + value, 0) < 0.002 * item.length) throw new Error(ALL_ONE_COLOUR);
    const { top, left, bottom, right } = boxOf({ height, width, data: item }), scale = size / Math.max(right - left, bottom - top);
    const lifted = { ...grey, data: bright.map((value, i) => item[i] * value) };
    const sides = [right - left, bottom - top].map((length) => Math.max(1, rounded(length * scale)));
    const small = resized(lifted, ...sides, BICUBIC, [left, top, right, bottom], 3);
    return pasted(small, (size - small.height) >> 1, (size - small.width) >> 1, size, size);
  }

  // The values of each channel along the four edges, corners twice.
  function edgeOf({ height, width, channels, data }) {
    const edges = Array.from({ length: channels }, () => []);
    const add = (x, y) => edges.forEach((edge, c) => edge.push(data[(y * width + x) * channels + c]));
    for (let x = 0; x < width; x++) { add(x, 0); add(x, height - 1); }
    for (let y = 0; y < height; y++) { add(0, y); add(width - 1, y); }
    return edges;
  }

  function square(image, channels, side, fit) {
    if (fit === "ink") return ink(image, side, rounded((side * 20) / 28));
    if (fit === "crop") return photo(image, channels, side, side);
    const flat = flattened(image, channels);
    if (fit !== "pad") return resized(flat, side, side, BICUBIC, undefined, 3);
    const scale = side / Math.max(flat.width, flat.height);
    const sides = [flat.width, flat.height].map((length) => Math.max(1, rounded(length * scale)));
    const small = resized(flat, ...sides, BICUBIC, undefined, 3), edge = edgeOf(small).map((values) => Math.trunc(median(values)));
    return pasted(small, (side - small.height) >> 1, (side - small.width) >> 1, side, side, edge);
  }

  return { prepare, ways, MAX_SIDE };
})();
