// Resizing and converting as Pillow does it, number for number: the network learned from pictures made so.
// PILLOW_RELEASE is the one that the dashboard had: the script's first line says which.
// A picture is { width, height, channels, data }, channels last: a Uint8Array, or a Float32Array of one channel (Pillow's mode F).
const Pillow = (() => {
  const BITS = 22; // of the whole numbers that 8-bit pictures are weighted with

  const BOX = { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };
  const BICUBIC = {
    support: 2,
    weight(x) {
      x = Math.abs(x);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
    },
  };

  // The values of one axis that each new value is made of: [{ first, weights }], for `size` values from `begin` to `end` of `length`.
  function shares(length, begin, end, size, filter, isByte) {
    begin = Math.fround(begin); // Pillow keeps the box in float32
    const scale = Math.fround(Math.fround(end) - begin) / size, stretch = Math.max(scale, 1), support = filter.support * stretch;
    return Array.from({ length: size }, (_, index) => {
      const centre = begin + (index + 0.5) * scale;
      const first = Math.max(0, Math.trunc(centre - support + 0.5)), last = Math.min(length, Math.trunc(centre + support + 0.5));
      const weights = new Float64Array(last - first);
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] = filter.weight((first + k - centre + 0.5) * (1 / stretch));
      for (let k = 0; k < weights.length; k++) {
        if (sum !== 0) weights[k] /= sum;
        if (isByte) weights[k] = Math.trunc(weights[k] * 2 ** BITS + (weights[k] < 0 ? -0.5 : 0.5));
      }
      return { first, weights };
    });
  }

  // Data of shape (outer, length, inner) -> (outer, size, inner).
  function along(data, outer, length, inner, parts, isByte) {
    const size = parts.length, made = isByte ? new Uint8Array(outer * size * inner) : new Float32Array(outer * size * inner);
    for (let o = 0, at = 0; o < outer; o++) for (let i = 0; i < size; i++) {
      const { first, weights } = parts[i], count = weights.length, base = (o * length + first) * inner;
      for (let j = 0; j < inner; j++, at++) {
        let sum = isByte ? 2 ** (BITS - 1) : 0;
        for (let k = 0, from = base + j; k < count; k++, from += inner) sum += data[from] * weights[k];
        made[at] = isByte ? Math.min(255, Math.max(0, sum >> BITS)) : sum;
      }
    }
    return made;
  }

  // `box` is [left, top, right, bottom], also between pixels; with a `gap` the picture is first reduced to about `gap` times the size.
  function resized(picture, width, height, filter, box = [0, 0, picture.width, picture.height], gap = 0) {
    if (gap) {
      const scaleX = (box[2] - box[0]) / width, scaleY = (box[3] - box[1]) / height, reach = filter.support - 0.5;
      const factorX = Math.trunc(scaleX / gap) || 1, factorY = Math.trunc(scaleY / gap) || 1;
      if (factorX > 1 || factorY > 1) {
        const left = Math.max(0, Math.trunc(box[0] - reach * scaleX)), top = Math.max(0, Math.trunc(box[1] - reach * scaleY));
        const right = Math.min(picture.width, Math.ceil(box[2] + reach * scaleX));
        const bottom = Math.min(picture.height, Math.ceil(box[3] + reach * scaleY));
        picture = reduced(picture, factorX, factorY, [left, top, right, bottom]);
        box = [(box[0] - left) / factorX, (box[1] - top) / factorY, (box[2] - left) / factorX, (box[3] - top) / factorY];
      }
    }
    const { channels, width: oldWidth, height: oldHeight } = picture, isByte = !(picture.data instanceof Float32Array);
    let { data } = picture;
    const across = (rows) => {
      if (width === oldWidth && box[0] === 0 && box[2] === width) return;
      data = along(data, rows, oldWidth, channels, shares(oldWidth, box[0], box[2], width, filter, isByte), isByte);
    };
    const down = (columns) => {
      if (height === oldHeight && box[1] === 0 && box[3] === height) return;
      data = along(data, 1, oldHeight, columns * channels, shares(oldHeight, box[1], box[3], height, filter, isByte), isByte);
    };
    const isLow = height < oldHeight && oldHeight - height > 2 * (oldWidth - width);
    if (isLow && PILLOW_RELEASE >= 13) { // each pass rounds, so their order is seen
      down(oldWidth);
      across(height);
    } else {
      across(oldHeight);
      down(width);
    }
    return { width, height, channels, data };
  }

  // Of an 8-bit picture the mean of blocks; those at the right and lower edge may be smaller. What is see-through counts less.
  function reduced(picture, factorX, factorY, [left, top, right, bottom] = [0, 0, picture.width, picture.height]) {
    const { channels } = picture, data = channels === 4 ? premultiplied(picture.data) : picture.data;
    const width = Math.ceil((right - left) / factorX), height = Math.ceil((bottom - top) / factorY);
    const made = new Uint8Array(width * height * channels);
    for (let y = 0, at = 0; y < height; y++) for (let x = 0; x < width; x++) {
      const beginX = left + x * factorX, endX = Math.min(right, beginX + factorX);
      const beginY = top + y * factorY, endY = Math.min(bottom, beginY + factorY), count = (endX - beginX) * (endY - beginY);
      const multiplier = Math.trunc(Math.fround(2 ** 32 / Math.fround(256 * count))); // Pillow divides so, in whole numbers
      for (let c = 0; c < channels; c++, at++) {
        let sum = count >> 1;
        for (let row = beginY; row < endY; row++) {
          const begin = (row * picture.width + beginX) * channels + c, end = begin + (endX - beginX) * channels;
          for (let from = begin; from < end; from += channels) sum += data[from];
        }
        made[at] = Math.imul(sum, multiplier) >>> 24;
      }
    }
    return { width, height, channels, data: channels === 4 ? unmultiplied(made) : made };
  }

  const by255 = (value) => ((value >> 8) + value) >> 8; // of a value to which 128 was added

  function premultiplied(data) {
    const made = Uint8Array.from(data);
    for (let i = 0; i < made.length; i += 4) if (made[i + 3] < 255) {
      for (let c = 0; c < 3; c++) made[i + c] = by255(made[i + c] * made[i + 3] + 128);
    }
    return made;
  }

  function unmultiplied(data) {
    for (let i = 0; i < data.length; i += 4) {
      const alpha = data[i + 3];
      if (alpha > 0 && alpha < 255) for (let c = 0; c < 3; c++) data[i + c] = Math.min(255, Math.trunc((255 * data[i + c]) / alpha));
    }
    return data;
  }

  function isClear({ data }) { // whether anything shows through an RGBA picture
    for (let i = 3; i < data.length; i += 4) if (data[i] < 255) return true;
    return false;
  }

  // RGBA -> RGB (three channels) or grey (one), what is see-through on a white page.
  function flattened({ width, height, data }, channels) {
    const made = new Uint8Array(width * height * channels);
    for (let from = 0, to = 0; from < data.length; from += 4, to += channels) {
      let red = data[from], green = data[from + 1], blue = data[from + 2];
      if (data[from + 3] < 255) {
        const alpha = data[from + 3], part = Math.trunc((alpha * 255 * 255 * 128) / (255 * 255)), rest = 255 * (255 * 128 - part);
        [red, green, blue] = [red, green, blue].map((value) => by255(value * part + rest + 128 * 128) >> 7);
      }
      if (channels === 1) made[to] = grey(red, green, blue);
      else { made[to] = red; made[to + 1] = green; made[to + 2] = blue; }
    }
    return { width, height, channels, data: made };
  }

  const grey = (red, green, blue) => (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;

  return { BOX, BICUBIC, resized, reduced, isClear, flattened, grey };
})();
