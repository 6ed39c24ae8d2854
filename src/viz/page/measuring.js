// How far it is from one point to another.

class Measuring {
  constructor(cloud, lengths) {
    Object.assign(this, {cloud, lengths, on: false, ends: []});
  }

  turn(on) { Object.assign(this, {on, ends: []}); }

  // A third point begins anew.
  add(i) { this.ends = this.ends.length === 2 ? [i] : [...this.ends, i]; }

  rows() {
    const {cloud, lengths, ends} = this;
    const places = ends.map((i, k) => [k ? 'to' : 'from', lengths.place(cloud.positionAt(i))]);
    if (ends.length < 2) return [...places, ['', ends.length ? 'Click the other point' : 'Click a point']];
    const d = cloud.difference(...ends);
    const rows = d.map((v, axis) => ['d' + 'xyz'[axis], lengths.text(v, lengths.unitOf(axis))]);
    if (lengths.isLength()) rows.push(['horizontal', lengths.text(Math.hypot(d[0], d[1]), lengths.plane)]);
    return [...places, this.distanceRow(d), ...rows];
  }

  distanceRow(d) {
    return ['distance', this.distance(d) || (this.lengths.isLength() ? 'heights have another unit' : 'x and y are angles')];
  }

  // Nothing where the axes have no common unit.
  distance(d = this.cloud.difference(...this.ends)) {
    return this.lengths.isOne() ? this.lengths.text(Math.hypot(...d), this.lengths.plane) : '';
  }
}
