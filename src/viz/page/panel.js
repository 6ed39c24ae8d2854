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
  list.replaceChildren(...rows.flatMap(([name, value]) => [element('dt', '', name), element('dd', '', value)]));
}

// `changed` is called whenever the look has to be drawn anew.
class Panel {
  constructor(cloud, changed) {
    Object.assign(this, {cloud, changed});
    this.shown = new Array(256).fill(true);
    this.colors = new Array(256).fill([140, 146, 156]);
    cloud.head.classes.forEach(({color}, c) => { this.colors[c] = color; });
    this.describe();
    this.listColorings();
    this.listClasses();
    for (const id of ['size', 'lighting', 'grid']) byId(id).addEventListener('input', changed);
    byId('panel').hidden = false;
  }

  describe() {
    const {title, points, total, facts} = this.cloud.head;
    byId('title').textContent = title;
    byId('summary').textContent = points === total ? `${grouped(points)} points`
                                                   : `${grouped(points)} of ${grouped(total)} points shown`;
    fillList(byId('facts'), facts);
  }

  // Each is a choice of `color-by` with what the painter needs.
  listColorings() {
    const {cloud} = this, coloring = [];
    if (cloud.labels) coloring.push({name: 'class', mode: MODES.class});
    if (cloud.colors) coloring.push({name: 'own colour', mode: MODES.own});
    coloring.push({name: 'height', mode: MODES.height, bounds: cloud.box[2],
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
    const {bounds, mode} = this.coloring();
    byId('scale').hidden = !bounds;
    if (bounds) [byId('scale-low').textContent, byId('scale-high').textContent] =
      bounds.map((v) => short(v) + (mode === MODES.height ? ' m' : ''));
    this.changed();
  }

  coloring() { return this.colorings[Math.max(0, byId('color-by').selectedIndex)]; }

  listClasses() {
    const {cloud} = this;
    if (!cloud.labels) return;
    const names = cloud.head.classes.map(({name}) => name);
    const present = [...Array(256).keys()].filter((c) => cloud.labelCounts[c] > 0)
                                          .sort((a, b) => cloud.labelCounts[b] - cloud.labelCounts[a]);
    this.boxes = new Map();
    byId('class-list').replaceChildren(...present.map((c) => this.classRow(c, c === NO_CLASS ? 'no class' : names[c])));
    byId('all').addEventListener('click', () => this.show(() => true));
    byId('none').addEventListener('click', () => this.show(() => false));
    byId('classes').hidden = false;
  }

  classRow(c, name) {
    const row = element('li'), label = element('label'), box = element('input');
    box.type = 'checkbox';
    box.checked = true;
    box.dataset.name = name;
    box.addEventListener('change', () => this.show((k) => k === c ? box.checked : this.shown[k]));
    this.boxes.set(c, box);
    const swatch = element('span', 'swatch');
    swatch.style.background = `rgb(${this.colors[c].join(',')})`;
    const share = this.cloud.labelCounts[c] / this.cloud.count;
    const count = element('span', 'count', grouped(this.cloud.labelCounts[c]));
    count.title = (100 * share).toFixed(1) + ' % of the points';
    label.append(box, swatch, element('span', 'name', name), count);
    const only = element('button', 'only', 'only');
    only.type = 'button';
    only.addEventListener('click', () => this.show((k) => k === c));
    row.append(label, only);
    return row;
  }

  show(wanted) {
    for (const [c, box] of this.boxes) {
      this.shown[c] = wanted(c);
      box.checked = this.shown[c];
    }
    this.changed();
  }

  shownCount() {
    if (!this.cloud.labels) return this.cloud.count;
    return this.shown.reduce((sum, on, c) => sum + (on ? this.cloud.labelCounts[c] : 0), 0);
  }

  // What the painter needs to know.
  look() {
    const {mode, value = 0, range = [0, 1]} = this.coloring(), scale = 2 ** Number(byId('size').value);
    return {mode, value, range, scale, size: 0.08 * scale, lighting: byId('lighting').checked, grid: byId('grid').checked};
  }

  showPicked(i) {
    const {cloud} = this, list = byId('picked');
    list.hidden = i < 0;
    if (i < 0) return;
    const rows = [['point', grouped(cloud.order[i])],
                  ['x y z', cloud.positionAt(i).map((v) => v.toFixed(2)).join('  ')]];
    if (cloud.labels) {
      const label = cloud.labels[i];
      rows.push(['class', label === NO_CLASS ? 'no class' : cloud.head.classes[label].name]);
    }
    for (const value of cloud.values) rows.push([value.name, short(cloud.valueAt(value, i))]);
    fillList(list, rows);
    list.scrollIntoView({block: 'nearest'});
  }
}
