// Reads the cloud as src/viz/page.cpp wrote it: what stands there tells the format.

const NO_CLASS = 255, NO_VALUE = 255;

async function inflate(text) {
  if (typeof DecompressionStream === 'undefined') {
    throw new Error('This browser cannot unpack the points: it has no DecompressionStream. ' +
                    'Any browser of 2023 or later can.');
  }
  const digits = atob(text.trim());
  const packed = new Uint8Array(digits.length);
  for (let i = 0; i < packed.length; ++i) packed[i] = digits.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// A fixed random order: the first points of it are an even choice, drawn alone while the view moves.
function shuffledOrder(count) {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; ++i) order[i] = i;
  let state = 2463534242;
  for (let i = count - 1; i > 0; --i) {
    state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
    const j = (state >>> 0) % (i + 1);
    const kept = order[i]; order[i] = order[j]; order[j] = kept;
  }
  return order;
}

// The bounds of all but `share` of the values on each side.
function boundsWithout(values, share) {
  const sorted = Float64Array.from(values).sort();
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] || 0;
  return [at(share), at(1 - share)];
}

class Cloud {
  constructor(head, bytes) {
    this.head = head;
    this.count = head.points;
    this.order = shuffledOrder(this.count);
    this.used = 0;
    this.steps = [0, 1, 2].map(() => this.readAxis(bytes));
    this.labellings = head.labellings.map((name) => this.readLabelling(name, bytes));
    this.values = head.values.map((value) => this.readValue(value, bytes));
    this.colors = head.colored ? this.readColors(bytes) : null;
    if (this.used !== bytes.length) throw new Error('The points do not fit their description.');
    this.place();
  }

  // Differences to whole numbers, then into the random order.
  readAxis(bytes) {
    const n = this.count, start = this.used;
    this.used += 3 * n;
    const inOrder = new Uint32Array(n), steps = new Uint32Array(n);
    let sum = 0;
    for (let i = 0; i < n; ++i) {
      const low = start + i;
      sum = (sum + bytes[low] + (bytes[low + n] << 8) + (bytes[low + 2 * n] << 16)) & 0xffffff;
      inOrder[i] = sum;
    }
    for (let i = 0; i < n; ++i) steps[i] = inOrder[this.order[i]];
    return steps;
  }

  readBytes(bytes) {
    const start = this.used;
    this.used += this.count;
    const result = new Uint8Array(this.count);
    for (let i = 0; i < this.count; ++i) result[i] = bytes[start + this.order[i]];
    return result;
  }

  // What gives each point a class, and how many have each.
  readLabelling(name, bytes) {
    const labels = this.readBytes(bytes), counts = new Float64Array(256);
    for (const label of labels) ++counts[label];
    return {name, labels, counts};
  }

  // Coloured by the steps between the outermost hundredths.
  readValue(value, bytes) {
    const steps = this.readBytes(bytes);
    const sample = steps.subarray(0, 50000).filter((step) => step !== NO_VALUE);
    let [low, high] = boundsWithout(sample, 0.01);
    if (low === high) [low, high] = [0, 254];
    return {...value, steps, shown: [low, high]};
  }

  valueAt(value, i) {
    const step = value.steps[i];
    return step === NO_VALUE ? NaN : value.low + (value.high - value.low) * step / 254;
  }

  readColors(bytes) {
    const planes = [0, 1, 2].map(() => this.readBytes(bytes));
    const colors = new Uint8Array(3 * this.count);
    planes.forEach((plane, c) => plane.forEach((v, i) => { colors[3 * i + c] = v; }));
    return colors;
  }

  // Positions relative to the middle, which float32 holds to well under a step.
  place() {
    const {corner, step} = this.head;
    const sample = (axis) => this.steps[axis].subarray(0, 50000);
    this.box = [0, 1, 2].map((axis) => boundsWithout(sample(axis), 0.01)
                                         .map((s) => corner[axis] + step * s));
    this.middle = this.box.map(([low, high]) => (low + high) / 2);
    // Of all points: the corner is where the smallest are.
    const sizes = this.steps.map((steps) => step * steps.reduce((most, s) => Math.max(most, s), 0));
    this.diagonal = Math.max(step, Math.hypot(...sizes));
    // Where most points are: around the sensor, for a scan.
    this.heart = [0, 1, 2].map((axis) => corner[axis] + step * boundsWithout(sample(axis), 0.5)[0] - this.middle[axis]);
    this.positions = new Float32Array(3 * this.count);
    for (let axis = 0; axis < 3; ++axis) {
      const steps = this.steps[axis], shift = corner[axis] - this.middle[axis];
      for (let i = 0; i < this.count; ++i) this.positions[3 * i + axis] = shift + step * steps[i];
    }
  }

  // x, y, z as they were read.
  positionAt(i) { return [0, 1, 2].map((axis) => this.head.corner[axis] + this.head.step * this.steps[axis][i]); }
  // From point i to point k. Steps are whole numbers: nothing is lost far from 0.
  difference(i, k) { return this.steps.map((steps) => this.head.step * (steps[k] - steps[i])); }
  // As the painter has it, relative to the middle.
  placeOf(i) { return [...this.positions.subarray(3 * i, 3 * i + 3)]; }

  // The edge of the square that each of the points would have of the box's walls: what drawn points should be as wide as,
  // whatever the unit.
  spacing() {
    const [x, y, z] = this.box.map(([low, high]) => high - low);
    return Math.sqrt(2 * (x * y + y * z + z * x) / Math.max(1, this.count));
  }

  // Of a cloud with two labellings.
  differs(i) {
    const a = this.labellings[0].labels[i], b = this.labellings[1].labels[i];
    return a !== b && a !== NO_CLASS && b !== NO_CLASS;
  }
}
