// A camera that turns around a target. z is up; `turn` is the heading, 0 looks along +x; `tilt` is how
// far it looks down. Lengths are in metres, relative to the middle of the cloud.

const FIELD = 0.9;  // the height of the view, as twice the tangent of half its angle

const scaled = (a, s) => [a[0] * s, a[1] * s, a[2] * s];
const added = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

class Camera {
  constructor({box, heart}) {
    this.heart = heart;
    this.extent = box.map(([low, high]) => high - low);
    this.width = Math.max(1e-3, Math.hypot(...this.extent));
    this.frame = {width: 1, height: 1, covered: 0};
    this.reset();
  }

  // The size of the view in pixels; of its width, `covered` on the right is behind the panel: the target
  // stands in the middle of what is left.
  setFrame(frame) { this.frame = frame; }
  middle() { return {x: (this.frame.width - this.frame.covered) / 2, y: this.frame.height / 2}; }

  // How much farther away a view narrower than high must stand.
  narrowness() { return Math.max(1, this.frame.height / Math.max(1, this.frame.width - this.frame.covered)); }

  reset() {
    Object.assign(this, {target: this.heart, turn: 0.35, tilt: 0.55,
                         distance: 0.65 * this.width * this.narrowness()});
  }

  lookFromAbove() {
    const high = this.extent[0], wide = this.extent[1] * this.frame.height /
                                        Math.max(1, this.frame.width - this.frame.covered);
    Object.assign(this, {target: [0, 0, 0], turn: 0, tilt: Math.PI / 2,
                         distance: 1.1 * Math.max(high, wide, 1e-3) / FIELD});
  }

  axes() {
    const [ct, st, cp, sp] = [Math.cos(this.turn), Math.sin(this.turn), Math.cos(this.tilt), Math.sin(this.tilt)];
    return {forward: [cp * ct, cp * st, -sp], right: [st, -ct, 0], up: [sp * ct, sp * st, cp]};
  }

  eye() { return added(this.target, scaled(this.axes().forward, -this.distance)); }

  near() { return this.distance * 0.01; }
  far() { return this.distance + 20 * this.width; }

  // Column by column, as WebGL takes it: clip = matrix * position.
  matrix() {
    const {forward, right, up} = this.axes(), eye = this.eye(), {width, height, covered} = this.frame;
    const [n, f] = [this.near(), this.far()], fy = 2 / FIELD, fx = fy * height / width;
    const a = (f + n) / (f - n), b = -2 * f * n / (f - n);
    const rows = [[...scaled(right, fx), -fx * dot(right, eye)],
                  [...scaled(up, fy), -fy * dot(up, eye)],
                  [...scaled(forward, a), -a * dot(forward, eye) + b],
                  [...forward, -dot(forward, eye)]];
    rows[0] = rows[0].map((v, i) => v - covered / width * rows[3][i]);
    return new Float32Array([0, 1, 2, 3].flatMap((column) => rows.map((row) => row[column])));
  }

  // Movements in pixels.
  rotate(dx, dy) {
    this.turn -= 2.6 * dx / this.frame.height;
    this.tilt = Math.min(Math.PI / 2, Math.max(-Math.PI / 2, this.tilt + 2.6 * dy / this.frame.height));
  }

  move(dx, dy) {
    const metres = this.distance * FIELD / this.frame.height, {right, up} = this.axes();
    this.target = added(this.target, added(scaled(right, -dx * metres), scaled(up, dy * metres)));
  }

  // Keeps what is under (x, y) where it is.
  zoom(factor, x, y) {
    const least = this.width * 1e-4, most = this.width * 10;
    const distance = Math.min(most, Math.max(least, this.distance * factor));
    const kept = 1 - distance / this.distance, middle = this.middle();
    this.move((middle.x - x) * kept, (middle.y - y) * kept);
    this.distance = distance;
  }
}
