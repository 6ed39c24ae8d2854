// A camera that turns around a target. z is up; `turn` is the heading, 0 looks along +x; `tilt` is how
// far it looks down. Lengths are in the cloud's unit, relative to its middle.

const FIELD = 0.9;  // the height of the view, as twice the tangent of half its angle

const scaled = (a, s) => [a[0] * s, a[1] * s, a[2] * s];
const added = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

class Camera {
  constructor(cloud) {
    this.cloud = cloud;
    this.width = Math.max(1e-3 * cloud.diagonal, Math.hypot(...cloud.box.map(([low, high]) => high - low)));
    this.frame = {width: 1, height: 1, covered: 0, below: 0};
    this.closeUp();
  }

  // The size of the view in pixels; of its width, `covered` on the right is behind the panel, or of its height
  // `below`: the target stands in the middle of what is left.
  setFrame(frame) { this.frame = frame; }
  free() { return {x: this.frame.width - this.frame.covered, y: this.frame.height - this.frame.below}; }
  middle() { return {x: this.free().x / 2, y: this.free().y / 2}; }

  // All of it, unless some points lie so far out that little would be seen of most.
  start() {
    if (this.cloud.diagonal > 1.5 * this.width) this.closeUp();
    else this.wholeCloud();
  }

  // Where most points are: around the sensor, for a scan.
  closeUp() {
    const narrowness = Math.max(1, this.frame.height / Math.max(1, this.free().x));
    Object.assign(this, {target: this.cloud.heart, turn: 0.35, tilt: 0.55, distance: 0.65 * this.width * narrowness});
  }

  wholeCloud() {
    Object.assign(this, {turn: 0.35, tilt: 0.55});
    this.frameAll(() => true);
  }

  fromAbove() {
    Object.assign(this, {turn: 0, tilt: Math.PI / 2});
    this.frameAll(() => true);
  }

  axes() {
    const [ct, st, cp, sp] = [Math.cos(this.turn), Math.sin(this.turn), Math.cos(this.tilt), Math.sin(this.tilt)];
    return {forward: [cp * ct, cp * st, -sp], right: [st, -ct, 0], up: [sp * ct, sp * st, cp]};
  }

  // Goes, turned as it is, to where all points that `keep(i)` names just fit into the view; false where there are none.
  // With the slope t of an edge, a point at x and depth z is seen where |x - ex| <= t (z - ez): the eye is as deep as all
  // of these allow.
  frameAll(keep) {
    const {right, up, forward} = this.axes(), free = this.free(), room = 0.94;
    const slopes = [free.x, free.y].map((pixels) => room * FIELD / 2 * Math.max(1, pixels) / this.frame.height);
    const low = [-Infinity, -Infinity], high = [Infinity, Infinity], places = this.along([right, up, forward], keep);
    let [first, last] = [Infinity, -Infinity];
    for (let at = 0; at < places.length; at += 3) {
      const z = places[at + 2];
      for (let axis = 0; axis < 2; ++axis) {
        low[axis] = Math.max(low[axis], places[at + axis] - slopes[axis] * z);
        high[axis] = Math.min(high[axis], places[at + axis] + slopes[axis] * z);
      }
      first = Math.min(first, z);
      last = Math.max(last, z);
    }
    if (first > last) return false;
    const depth = (first + last) / 2, deepest = [0, 1].map((axis) => (high[axis] - low[axis]) / (2 * slopes[axis]));
    const eye = Math.min(...deepest, first - 0.03 * (last - first), depth - 0.01 * this.width);
    const [x, y] = [0, 1].map((axis) => {
      const shift = slopes[axis] * eye;
      return this.centred(places, axis, eye, low[axis] + shift, high[axis] - shift);
    });
    this.target = added(added(scaled(right, x), scaled(up, y)), scaled(forward, depth));
    this.distance = depth - eye;
    return true;
  }

  // The points' places along three directions.
  along(directions, keep) {
    const p = this.cloud.positions, places = new Float64Array(p.length);
    let used = 0;
    for (let i = 0; i < this.cloud.count; ++i) {
      if (!keep(i)) continue;
      for (const d of directions) places[used++] = d[0] * p[3 * i] + d[1] * p[3 * i + 1] + d[2] * p[3 * i + 2];
    }
    return places.subarray(0, used);
  }

  // Where, from `low` to `high`, the eye has as much room on one side of the points as on the other. The first
  // thousands, an even choice, tell.
  centred(places, axis, eye, low, high) {
    const end = Math.min(places.length, 60000);
    for (let step = 0; step < 12; ++step) {
      const middle = (low + high) / 2;
      let [least, most] = [Infinity, -Infinity];
      for (let at = 0; at < end; at += 3) {
        const slope = (places[at + axis] - middle) / (places[at + 2] - eye);
        least = Math.min(least, slope);
        most = Math.max(most, slope);
      }
      if (least + most > 0) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  }

  eye() { return added(this.target, scaled(this.axes().forward, -this.distance)); }

  near() { return this.distance * 0.01; }
  far() { return this.distance + Math.hypot(...this.target) + 2 * this.cloud.diagonal; }

  // Column by column, as WebGL takes it: clip = matrix * position.
  matrix() {
    const {forward, right, up} = this.axes(), eye = this.eye(), {width, height, covered, below} = this.frame;
    const [n, f] = [this.near(), this.far()], fy = 2 / FIELD, fx = fy * height / width;
    const a = (f + n) / (f - n), b = -2 * f * n / (f - n);
    const rows = [[...scaled(right, fx), -fx * dot(right, eye)],
                  [...scaled(up, fy), -fy * dot(up, eye)],
                  [...scaled(forward, a), -a * dot(forward, eye) + b],
                  [...forward, -dot(forward, eye)]];
    rows[0] = rows[0].map((v, i) => v - covered / width * rows[3][i]);
    rows[1] = rows[1].map((v, i) => v + below / height * rows[3][i]);
    return new Float32Array([0, 1, 2, 3].flatMap((column) => rows.map((row) => row[column])));
  }

  // Where a place is in the view, in pixels; null for what is behind the eye.
  project([x, y, z]) {
    const m = this.matrix(), {width, height} = this.frame, w = m[3] * x + m[7] * y + m[11] * z + m[15];
    return w <= this.near() ? null : {x: (1 + (m[0] * x + m[4] * y + m[8] * z + m[12]) / w) * width / 2,
                                      y: (1 - (m[1] * x + m[5] * y + m[9] * z + m[13]) / w) * height / 2};
  }

  // Movements in pixels.
  rotate(dx, dy) {
    this.turn -= 2.6 * dx / this.frame.height;
    this.tilt = Math.min(Math.PI / 2, Math.max(-Math.PI / 2, this.tilt + 2.6 * dy / this.frame.height));
  }

  move(dx, dy) {
    const length = this.distance * FIELD / this.frame.height, {right, up} = this.axes();
    this.target = added(this.target, added(scaled(right, -dx * length), scaled(up, dy * length)));
  }

  // Keeps what is under (x, y) where it is.
  zoom(factor, x, y) {
    const least = this.width * 1e-4, most = 10 * this.cloud.diagonal;
    const distance = Math.min(most, Math.max(least, this.distance * factor));
    const kept = 1 - distance / this.distance, middle = this.middle();
    this.move((middle.x - x) * kept, (middle.y - y) * kept);
    this.distance = distance;
  }
}
