// Lengths and places as text: with as many decimals as the points have, and the unit where the data say one.

const ANGLE = '°';

class Lengths {
  constructor({step, units: [plane, heights]}) {
    this.decimals = Math.min(9, Math.max(0, Math.ceil(-Math.log10(step) - 1e-6)));
    Object.assign(this, {plane, heights});
  }

  unitOf(axis) { return axis < 2 ? this.plane : this.heights; }
  isLength() { return this.plane !== ANGLE; }
  isOne() { return this.isLength() && this.plane === this.heights; }

  // Beside a number that stands there already.
  behind(text, unit) { return unit ? `${text} ${unit}` : text; }
  text(length, unit) { return this.behind(length.toFixed(this.decimals), unit); }
  place(xyz) { return xyz.map((v) => v.toFixed(this.decimals)).join('  '); }
}
