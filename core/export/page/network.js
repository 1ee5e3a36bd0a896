// A network that answers: the operations that graph.py lists, in plain JavaScript. reference.py computes the same with torch.
// A value is { size: [height, width, channels], data: Float32Array }, channels last.
const Network = (() => {
  const BREATH = 30; // milliseconds of computing, after which the page may move

  // What a page carries: { words, array(place) }.
  async function unpacked(text) {
    const letters = atob(text.trim()), bytes = new Uint8Array(letters.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const buffer = await new Response(stream).arrayBuffer(), head = new DataView(buffer).getUint32(0, true);
    const words = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, head)));
    return { words, array: ({ kind, at, shape }) => arrayOf(buffer, 4 + head + at, kind, shape.reduce((all, side) => all * side, 1)) };
  }

  function arrayOf(buffer, at, kind, length) {
    if (kind === "f2") return fromHalves(new Uint16Array(buffer, at, length));
    return new { f4: Float32Array, u1: Uint8Array, i1: Int8Array }[kind](buffer, at, length);
  }

  // Numbers of 16 bits: a sign, 5 bits of exponent and 10 of fraction.
  function fromHalves(halves) {
    const numbers = new Float32Array(halves.length);
    for (let i = 0; i < halves.length; i++) {
      const half = halves[i], exponent = (half >> 10) & 31, fraction = half & 1023;
      const size = exponent === 0 ? fraction * 2 ** -24 : exponent === 31 ? (fraction ? NaN : Infinity) : (1024 + fraction) * POWERS[exponent];
      numbers[i] = half >> 15 ? -size : size;
    }
    return numbers;
  }
  const POWERS = Float64Array.from({ length: 32 }, (_, exponent) => 2 ** (exponent - 25));

  // Readies what `unpacked` gave: weights are laid out for the loops below.
  function build({ words, array }) {
    const steps = words.network.operations.map((operation) => {
      const arrays = Object.fromEntries(Object.entries(operation.arrays).map(([name, place]) => [name, array(place)]));
      if (operation.kind === "convolution" || operation.kind === "linear") {
        const groups = operation.groups ?? 1, outputs = arrays.bias.length / groups, each = arrays.weight.length / groups;
        arrays.blocks = Array.from({ length: groups }, (_, group) => inFours(arrays.weight.subarray(group * each, (group + 1) * each), outputs));
      }
      return { ...operation, ...arrays };
    });
    const lastUse = new Map(); // value -> the step after which nobody needs it
    steps.forEach((step, place) => step.inputs.forEach((input) => lastUse.set(input, place)));
    return { ...words.network, steps, lastUse };
  }

  // Weights [output][k] as [output / 4][k][output % 4]: four outputs are computed at a time.
  function inFours(weight, outputs) {
    const depth = weight.length / outputs, blocks = new Float32Array(Math.ceil(outputs / 4) * 4 * depth);
    for (let output = 0; output < outputs; output++)
      for (let k = 0; k < depth; k++) blocks[((output >> 2) * depth + k) * 4 + (output & 3)] = weight[output * depth + k];
    return blocks;
  }

  // Pixels 0..255, channels last -> { probabilities, features }. `pause` is awaited now and then, so that the page stays alive.
  async function answer(network, pixels, pause = () => new Promise((go) => setTimeout(go))) {
    const channels = network.size[2], data = new Float32Array(pixels.length);
    for (let i = 0; i < data.length; i++) data[i] = (pixels[i] / 255 - network.mean[i % channels]) / network.deviation[i % channels];
    let since = performance.now(), features = null, logits = null; // the features are those of the first view
    for (const view of network.views) {
      const values = [{ size: network.size, data: seen(network.size, data, view) }];
      for (const [place, step] of network.steps.entries()) {
        const inputs = step.inputs.map((input) => values[input]);
        values.push({ size: step.size, data: kinds[step.kind](step, ...inputs) });
        if (network.features === step.inputs[0] && step.kind === "linear") features ??= inputs[0].data;
        for (const input of step.inputs) if (network.lastUse.get(input) === place) values[input] = null;
        if (performance.now() - since > BREATH) {
          await pause();
          since = performance.now();
        }
      }
      logits = values.at(-1).data.map((value, i) => value * view[2] + (logits?.[i] ?? 0));
    }
    return { probabilities: shares(network, logits), features };
  }

  // A picture moved down and to the right, mirrored at its edges, and then left to right; views.py says the same.
  function seen([height, width, channels], data, [move, isMirrored]) {
    if (!move && !isMirrored) return data;
    const outputs = new Float32Array(data.length), from = (place, side) => side - 1 - Math.abs(side - 1 - Math.abs(place - move));
    for (let y = 0, to = 0; y < height; y++)
      for (let x = 0; x < width; x++, to += channels) {
        const at = (from(y, height) * width + from(isMirrored ? width - 1 - x : x, width)) * channels;
        outputs.set(data.subarray(at, at + channels), to);
      }
    return outputs;
  }

  // Softmax of the logits, or of the logarithms of their sigmoids; then with the temperature that makes confidence honest.
  function shares(network, logits) {
    const scores = Array.from(logits, (value) => network.each ? Math.min(value, 0) - Math.log1p(Math.exp(-Math.abs(value))) : value);
    return softmax(softmax(scores).map((share) => Math.log(Math.max(share, 1e-12)) / network.temperature));
  }

  function softmax(scores) {
    const most = Math.max(...scores), parts = scores.map((score) => Math.exp(score - most)), sum = parts.reduce((all, part) => all + part, 0);
    return parts.map((part) => part / sum);
  }

  // outputs[row * wide + at + output] = bias + inputs . weights, for `rows` rows of `depth` numbers that stand at `from`, `from + depth`, ...
  // Four rows and four outputs at a time: 16 sums for 8 numbers that are read.
  function multiplied(inputs, from, rows, depth, blocks, bias, biasAt, count, outputs, to, wide) {
    let row = 0;
    for (; row + 4 <= rows; row += 4) {
      const a = from + row * depth, b = a + depth, c = b + depth, d = c + depth, o = to + row * wide;
      for (let output = 0, w = 0; output < count; output += 4) {
        let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0, c0 = 0, c1 = 0, c2 = 0, c3 = 0, d0 = 0, d1 = 0, d2 = 0, d3 = 0;
        for (let k = 0; k < depth; k++, w += 4) {
          const w0 = blocks[w], w1 = blocks[w + 1], w2 = blocks[w + 2], w3 = blocks[w + 3];
          const x = inputs[a + k], y = inputs[b + k], z = inputs[c + k], v = inputs[d + k];
          a0 += x * w0; a1 += x * w1; a2 += x * w2; a3 += x * w3;
          b0 += y * w0; b1 += y * w1; b2 += y * w2; b3 += y * w3;
          c0 += z * w0; c1 += z * w1; c2 += z * w2; c3 += z * w3;
          d0 += v * w0; d1 += v * w1; d2 += v * w2; d3 += v * w3;
        }
        const sums = [[a0, a1, a2, a3], [b0, b1, b2, b3], [c0, c1, c2, c3], [d0, d1, d2, d3]], here = Math.min(4, count - output);
        for (let r = 0; r < 4; r++) for (let i = 0; i < here; i++) outputs[o + r * wide + output + i] = sums[r][i] + bias[biasAt + output + i];
      }
    }
    for (; row < rows; row++) {
      const a = from + row * depth, o = to + row * wide;
      for (let output = 0, w = 0; output < count; output += 4) {
        let a0 = 0, a1 = 0, a2 = 0, a3 = 0;
        for (let k = 0; k < depth; k++, w += 4) {
          const x = inputs[a + k];
          a0 += x * blocks[w]; a1 += x * blocks[w + 1]; a2 += x * blocks[w + 2]; a3 += x * blocks[w + 3];
        }
        const sums = [a0, a1, a2, a3], here = Math.min(4, count - output);
        for (let i = 0; i < here; i++) outputs[o + output + i] = sums[i] + bias[biasAt + output + i];
      }
    }
  }

  function linear({ size, blocks, bias }, { data }) {
    const outputs = new Float32Array(size[2]);
    multiplied(data, 0, 1, data.length, blocks[0], bias, 0, size[2], outputs, 0, size[2]);
    return outputs;
  }

  function convolution(step, input) {
    const { size: [height, width, channels], kernel, stride, padding, groups, blocks, bias } = step;
    const outputs = new Float32Array(height * width * channels), [inHeight, inWidth, inChannels] = input.size;
    const count = channels / groups, part = inChannels / groups, depth = kernel[0] * kernel[1] * part;
    const isPointwise = groups === 1 && depth === inChannels && height === inHeight && width === inWidth && !padding[0] && !padding[1];
    if (isPointwise) multiplied(input.data, 0, height * width, depth, blocks[0], bias, 0, count, outputs, 0, channels);
    else { // what each place of a row looks at is laid side by side
      const seen = new Float32Array(width * depth);
      for (let y = 0; y < height; y++)
        for (let group = 0; group < groups; group++) {
          gathered(step, input, y, group * part, part, seen);
          multiplied(seen, 0, width, depth, blocks[group], bias, group * count, count, outputs, y * width * channels + group * count, channels);
        }
    }
    return outputs;
  }

  function gathered({ size: [, width], kernel, stride, padding, dilation }, { size: [inHeight, inWidth, channels], data }, y, first, part, seen) {
    let to = 0;
    for (let x = 0; x < width; x++)
      for (let ky = 0; ky < kernel[0]; ky++) {
        const fromY = y * stride[0] - padding[0] + ky * dilation[0];
        for (let kx = 0; kx < kernel[1]; kx++, to += part) {
          const fromX = x * stride[1] - padding[1] + kx * dilation[1];
          if (fromY < 0 || fromY >= inHeight || fromX < 0 || fromX >= inWidth) seen.fill(0, to, to + part);
          else {
            const from = (fromY * inWidth + fromX) * channels + first;
            for (let i = 0; i < part; i++) seen[to + i] = data[from + i];
          }
        }
      }
  }

  function depthwise({ size: [height, width, channels], kernel, stride, padding, dilation, weight, bias }, { size: [inHeight, inWidth], data }) {
    const outputs = new Float32Array(height * width * channels);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const to = (y * width + x) * channels;
        for (let i = 0; i < channels; i++) outputs[to + i] = bias[i];
        for (let ky = 0; ky < kernel[0]; ky++) {
          const fromY = y * stride[0] - padding[0] + ky * dilation[0];
          if (fromY < 0 || fromY >= inHeight) continue;
          for (let kx = 0; kx < kernel[1]; kx++) {
            const fromX = x * stride[1] - padding[1] + kx * dilation[1];
            if (fromX < 0 || fromX >= inWidth) continue;
            const from = (fromY * inWidth + fromX) * channels, w = (ky * kernel[1] + kx) * channels;
            for (let i = 0; i < channels; i++) outputs[to + i] += data[from + i] * weight[w + i];
          }
        }
      }
    return outputs;
  }

  function pooled({ kind, size: [height, width, channels], rows, columns }, { size: [, inWidth], data }) {
    const outputs = new Float32Array(height * width * channels), isLargest = kind === "largest";
    rows.forEach(([top, bottom, high], y) => columns.forEach(([left, right, wide], x) => {
      const to = (y * width + x) * channels, part = 1 / (high * wide);
      if (isLargest) outputs.fill(-Infinity, to, to + channels);
      for (let fromY = top; fromY < bottom; fromY++)
        for (let fromX = left; fromX < right; fromX++) {
          const from = (fromY * inWidth + fromX) * channels;
          if (isLargest) { for (let i = 0; i < channels; i++) if (data[from + i] > outputs[to + i]) outputs[to + i] = data[from + i]; }
          else for (let i = 0; i < channels; i++) outputs[to + i] += data[from + i];
        }
      if (!isLargest) for (let i = 0; i < channels; i++) outputs[to + i] *= part;
    }));
    return outputs;
  }

  function scale({ factor, shift }, { data }) {
    return data.map((value, i) => value * factor[i % factor.length] + shift[i % factor.length]);
  }

  // Features as torch lays them in a row: all of the first channel, all of the second, ...
  function flatten(_, { size: [height, width, channels], data }) {
    const outputs = new Float32Array(data.length), places = height * width;
    for (let place = 0; place < places; place++) for (let i = 0; i < channels; i++) outputs[i * places + place] = data[place * channels + i];
    return outputs;
  }

  function join({ size: [height, width, channels] }, ...inputs) {
    const outputs = new Float32Array(height * width * channels);
    let first = 0;
    for (const { size: [, , part], data } of inputs) {
      for (let place = 0; place < height * width; place++)
        for (let i = 0; i < part; i++) outputs[place * channels + first + i] = data[place * part + i];
      first += part;
    }
    return outputs;
  }

  // Every number of what is smaller stands for a block of what comes out.
  const repeat = (step, input) => spread(input, step.size, true);
  function spread({ size: [inHeight, inWidth, inChannels], data }, [height, width, channels], inBlocks = false) {
    const outputs = new Float32Array(height * width * channels);
    const at = (place, side, before) => (before === side ? place : inBlocks ? Math.floor((place * before) / side) : 0);
    for (let y = 0, to = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const from = (at(y, height, inHeight) * inWidth + at(x, width, inWidth)) * inChannels;
        for (let i = 0; i < channels; i++, to++) outputs[to] = data[from + (inChannels === channels ? i : inBlocks ? Math.floor((i * inChannels) / channels) : 0)];
      }
    return outputs;
  }

  function pad({ size: [height, width, channels], top, left, value }, { size: [inHeight, inWidth], data }) {
    const outputs = new Float32Array(height * width * channels).fill(value);
    for (let y = Math.max(0, -top); y < inHeight && y + top < height; y++) {
      const first = Math.max(0, -left), end = Math.min(inWidth, width - left);
      outputs.set(data.subarray((y * inWidth + first) * channels, (y * inWidth + end) * channels), ((y + top) * width + left + first) * channels);
    }
    return outputs;
  }

  // Bilinear: each new row and column lies between two old ones.
  function enlarge({ size: [height, width, channels], steps, offset }, { size: [inHeight, inWidth], data }) {
    const between = (place, step, side) => {
      const at = Math.max(0, (place + offset) * step - offset), first = Math.min(Math.floor(at), side - 1);
      return [first, Math.min(first + 1, side - 1), at - first];
    };
    const outputs = new Float32Array(height * width * channels), across = Array.from({ length: width }, (_, x) => between(x, steps[1], inWidth));
    for (let y = 0, to = 0; y < height; y++) {
      const [upper, lower, down] = between(y, steps[0], inHeight);
      for (const [left, right, part] of across)
        for (let i = 0; i < channels; i++, to++) {
          const above = data[(upper * inWidth + left) * channels + i] * (1 - part) + data[(upper * inWidth + right) * channels + i] * part;
          const below = data[(lower * inWidth + left) * channels + i] * (1 - part) + data[(lower * inWidth + right) * channels + i] * part;
          outputs[to] = above * (1 - down) + below * down;
        }
    }
    return outputs;
  }

  const between = (compute) => ({ size, number }, first, second) => {
    const a = spread(first, size), b = second ? spread(second, size) : null;
    for (let i = 0; i < a.length; i++) a[i] = compute(a[i], b ? b[i] : number);
    return a;
  };

  const pointwise = (compute) => (step, { data }) => {
    const outputs = new Float32Array(data.length);
    for (let i = 0; i < data.length; i++) outputs[i] = compute(data[i], step);
    return outputs;
  };
  const sigmoid = (x) => 1 / (1 + Math.exp(-x));
  const hardsigmoid = (x) => Math.min(Math.max(x + 3, 0), 6) / 6;

  // Abramowitz and Stegun 7.1.26: within 1.5e-7.
  function erf(x) {
    const t = 1 / (1 + 0.3275911 * Math.abs(x));
    const part = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.exp(-x * x);
    return Math.sign(x) * (1 - part);
  }

  const kinds = {
    convolution, depthwise, linear, scale, flatten, join, repeat, pad, enlarge,
    largest: pooled,
    average: pooled,
    constant: ({ values }) => values,
    add: between((a, b) => a + b),
    subtract: between((a, b) => a - b),
    multiply: between((a, b) => a * b),
    divide: between((a, b) => a / b),
    same: (_, { data }) => data,
    relu: pointwise((x) => (x > 0 ? x : 0)),
    clamp: pointwise((x, { low, high }) => Math.min(Math.max(x, low ?? -Infinity), high ?? Infinity)),
    leaky_relu: pointwise((x, { slope }) => (x > 0 ? x : x * slope)),
    elu: pointwise((x, { alpha, scale, input_scale }) => scale * (x > 0 ? x : alpha * Math.expm1(x * input_scale))),
    sigmoid: pointwise(sigmoid),
    hardsigmoid: pointwise(hardsigmoid),
    silu: pointwise((x) => x * sigmoid(x)),
    hardswish: pointwise((x) => x * hardsigmoid(x)),
    tanh: pointwise(Math.tanh),
    gelu: pointwise((x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
  };

  return { unpacked, build, answer };
})();
