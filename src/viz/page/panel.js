// What stands beside the view: what the cloud is, how it is coloured, which classes are shown.

const byId = (id) => document.getElementById(id);
const grouped = (number) => number.toLocaleString('en-US');
const short = (number) => Number.isNaN(number) ? '–' : String(+number.toPrecision(4));

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function fillList(list, rows) {
  list.hidden = rows.length === 0;
  list.replaceChildren(...rows.flatMap(([name, value]) => [element('dt', '', name), element('dd', '', value)]));
}

// `changed` is called whenever the look has to be drawn anew, `folded` when the panel has another size, `fly` to go to
// the points that are shown.
class Panel {
  constructor(cloud, {changed, folded, fly}) {
    Object.assign(this, {cloud, changed, folded});
    this.lengths = new Lengths(cloud.head);
    this.classes = new ClassList(cloud, {changed, fly});
    this.pointSize = 0.4 * cloud.spacing();
    this.describe();
    this.listColorings();
    this.comparing = new Comparing(cloud, this.colorings, changed);
    for (const id of ['size', 'lighting', 'grid']) byId(id).addEventListener('input', changed);
    byId('fold').addEventListener('click', () => this.fold());
    byId('panel').hidden = false;
  }

  describe() {
    const {title, points, total, facts} = this.cloud.head;
    byId('title').textContent = title;
    byId('summary').textContent = points === total ? `${grouped(points)} points`
                                                   : `${grouped(points)} of ${grouped(total)} points shown`;
    fillList(byId('facts'), facts);
  }

  fold() {
    const isFolded = byId('panel').classList.toggle('folded');
    byId('fold').textContent = isFolded ? '+' : '−';
    byId('fold').setAttribute('aria-expanded', !isFolded);
    this.folded();
  }

  // Each is a choice of `color-by` with what the painter needs.
  listColorings() {
    const {cloud} = this, coloring = [];
    cloud.labellings.forEach(({name}, labelling) => coloring.push({name, mode: MODES.class, labelling}));
    if (cloud.colors) coloring.push({name: 'own colour', mode: MODES.own});
    coloring.push({name: 'height', mode: MODES.height, bounds: cloud.box[2], unit: this.lengths.heights,
                   range: cloud.box[2].map((z) => z - cloud.middle[2])});
    cloud.values.forEach((value, index) => {
      const bounds = value.shown.map((step) => value.low + (value.high - value.low) * step / 254);
      coloring.push({name: value.name, mode: MODES.value, value: index, range: value.shown, bounds});
    });
    this.colorings = coloring;
    byId('color-by').replaceChildren(...coloring.map(({name}) => element('option', '', name)));
    byId('color-by').addEventListener('change', () => this.showScale());
    const context = byId('ramp').getContext('2d');
    for (let i = 0; i < 256; ++i) {
      context.fillStyle = `rgb(${rampColor(i / 255).join(',')})`;
      context.fillRect(i, 0, 1, 1);
    }
    this.showScale();
  }

  showScale() {
    const ends = this.scaleOf(this.coloring());
    byId('scale').hidden = !ends;
    if (ends) [byId('scale-low').textContent, byId('scale-high').textContent] = ends;
    this.changed();
  }

  // What the ends of the ramp stand for.
  scaleOf({bounds, unit}) { return bounds && bounds.map((v) => this.lengths.behind(short(v), unit)); }

  coloring() { return this.colorings[Math.max(0, byId('color-by').selectedIndex)]; }

  // Of the view, or of both that stand side by side, from the left.
  shownColorings() { return [this.coloring(), this.comparing.coloring()].filter((coloring) => coloring); }

  // What the painter needs to know.
  look({mode, labelling = 0, value = 0, range = [0, 1]}) {
    const scale = 2 ** Number(byId('size').value);
    return {mode, labelling, value, range, scale, size: this.pointSize * scale, lighting: byId('lighting').checked,
            grid: byId('grid').checked, differences: this.comparing.differences()};
  }

  // Whether a look shows point i.
  testOf({labelling, differences}) {
    const {cloud, classes: {shown}} = this, of = cloud.labellings[labelling];
    return (i) => (!of || shown[of.labels[i]]) && (differences !== DIFFERENCES.alone || cloud.differs(i));
  }

  shownCount({labelling, differences}) {
    const {cloud, comparing, classes: {shown}} = this, of = cloud.labellings[labelling];
    const counts = differences === DIFFERENCES.alone ? comparing.differing(labelling) : of && of.counts;
    return counts ? counts.reduce((sum, n, c) => sum + (shown[c] ? n : 0), 0) : cloud.count;
  }

  // What the colours of the view stand for, as [color, text].
  legend() {
    const {classes} = this, css = (color) => `rgb(${color.join(',')})`, keys = new Map();
    for (const coloring of this.shownColorings()) {
      if (coloring.mode === MODES.class) {
        for (const c of classes.rows.keys()) if (classes.shown[c]) keys.set(classes.names[c], css(classes.colors[c]));
      } else if (coloring.bounds) {
        const [low, high] = coloring.bounds;
        for (const at of [1, 0.75, 0.5, 0.25, 0]) {
          const text = this.lengths.behind(short(low + at * (high - low)), coloring.unit);
          keys.set(`${coloring.name} ${text}`, css(rampColor(at)));
        }
      }
    }
    return [...keys].map(([text, color]) => [color, text]);
  }

  showPicked(i) {
    const {cloud, lengths, classes} = this;
    if (i < 0) return fillList(byId('picked'), []);
    const rows = [['point', grouped(cloud.order[i])],
                  ['x y z', lengths.behind(lengths.place(cloud.positionAt(i)), lengths.isOne() ? lengths.plane : '')]];
    for (const {name, labels} of cloud.labellings) rows.push([name, classes.names[labels[i]]]);
    for (const value of cloud.values) rows.push([value.name, short(cloud.valueAt(value, i))]);
    fillList(byId('picked'), rows);
    byId('picked').scrollIntoView({block: 'nearest'});
  }

  showMeasured({on, rows}) {
    byId('measure').setAttribute('aria-pressed', on);
    document.body.classList.toggle('measuring', on);
    fillList(byId('measured'), on ? rows : []);
    if (on) byId('measured').scrollIntoView({block: 'nearest'});
  }
}
