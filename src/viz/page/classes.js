// The list of classes: how many points each has, which are shown, and the search for one by its name.

// `changed` is called when others are shown, `fly` to go to the points of those that are.
class ClassList {
  constructor(cloud, {changed, fly}) {
    Object.assign(this, {cloud, changed, fly});
    this.shown = new Array(256).fill(true);
    this.colors = new Array(256).fill([140, 146, 156]);
    this.names = cloud.head.classes.map(({name}) => name);
    this.names[NO_CLASS] = 'no class';
    cloud.head.classes.forEach(({color}, c) => { this.colors[c] = color; });
    this.rows = new Map();
    if (cloud.labellings.length > 0) this.list();
  }

  // Those of either labelling, by the counts of the first.
  list() {
    const total = new Float64Array(256), {labellings} = this.cloud, first = labellings[0].counts;
    for (const {counts} of labellings) counts.forEach((n, c) => { total[c] += n; });
    const present = [...total.keys()].filter((c) => total[c] > 0).sort((a, b) => first[b] - first[a]);
    byId('class-list').replaceChildren(...present.map((c) => this.row(c)));
    byId('all').addEventListener('click', () => this.show(() => true));
    byId('none').addEventListener('click', () => this.show(() => false));
    byId('class-search').addEventListener('input', () => this.filter());
    byId('class-search').addEventListener('keydown', (event) => this.searchKey(event));
    byId('classes').hidden = false;
  }

  row(c) {
    const row = element('li'), label = element('label'), box = element('input');
    box.type = 'checkbox';
    box.checked = true;
    box.dataset.name = this.names[c];
    box.addEventListener('change', () => this.show((k) => k === c ? box.checked : this.shown[k]));
    const swatch = element('span', 'swatch');
    swatch.style.background = `rgb(${this.colors[c].join(',')})`;
    const {labellings, count: points} = this.cloud;
    const count = element('span', 'count', grouped(labellings[0].counts[c]));
    count.title = labellings.map(({name, counts}) =>
      `${name}: ${grouped(counts[c])}, ${(100 * counts[c] / points).toFixed(1)} % of the points`).join('\n');
    label.title = this.names[c];
    label.append(box, swatch, element('span', 'name', this.names[c]), count);
    const acts = element('span', 'acts');
    acts.append(this.button('only', () => this.show((k) => k === c)),
                this.button('go', () => { this.show((k) => k === c); this.fly(); }));
    row.append(label, acts);
    this.rows.set(c, {row, box});
    return row;
  }

  button(text, act) {
    const made = element('button', text, text);
    made.type = 'button';
    made.title = {only: 'Show this class alone', go: 'Show this class alone, and go there'}[text];
    made.addEventListener('click', act);
    return made;
  }

  // Lists the classes whose names hold what is written; returns them.
  filter() {
    const wanted = byId('class-search').value.trim().toLowerCase();
    const found = new Set([...this.rows.keys()].filter((c) => this.names[c].toLowerCase().includes(wanted)));
    for (const [c, {row}] of this.rows) row.hidden = !found.has(c);
    byId('no-match').hidden = found.size > 0;
    return found;
  }

  // Enter shows the classes that were found alone and goes there; Escape lists and shows all.
  searchKey(event) {
    if (event.key === 'Enter') {
      const found = this.filter();
      if (found.size === 0) return;
      this.show((c) => found.has(c));
      this.fly();
      byId('view').focus({preventScroll: true});
    } else if (event.key === 'Escape') {
      event.preventDefault();
      byId('class-search').value = '';
      this.filter();
      this.show(() => true);
      byId('view').focus({preventScroll: true});
    }
  }

  show(wanted) {
    for (const [c, {box}] of this.rows) {
      this.shown[c] = wanted(c);
      box.checked = this.shown[c];
    }
    this.changed();
  }
}
