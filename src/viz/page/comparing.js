// Two clouds side by side, which are the same points by different colourings; and where two labellings of them differ.

class Comparing {
  constructor(cloud, colorings, changed) {
    Object.assign(this, {cloud, colorings});
    const beside = byId('beside'), nothing = element('option', '', 'nothing');
    beside.replaceChildren(nothing, ...colorings.map(({name}) => element('option', '', name)));
    beside.addEventListener('change', changed);
    if (cloud.labellings.length < 2) return;
    this.pairs = this.countPairs();
    this.unlike = this.pairs.filter(({classes: [a, b]}) => a !== b);
    this.describe();
    byId('differing').hidden = false;
    byId('differences').addEventListener('change', changed);
  }

  // What the right half shows; nothing where there is one view alone.
  coloring() { return this.colorings[byId('beside').selectedIndex - 1]; }

  // Opens the second view with what is most worth seeing beside the first, or closes it.
  toggle(first) {
    const usual = this.colorings.findIndex((coloring) => coloring !== first && coloring.labelling === 1);
    const other = usual >= 0 ? usual : this.colorings.findIndex((coloring) => coloring !== first);
    byId('beside').selectedIndex = this.coloring() ? 0 : 1 + other;
  }

  differences() { return byId('differences').selectedIndex; }  // as DIFFERENCES
  nextDifferences() { byId('differences').selectedIndex = (this.differences() + 1) % 3; }

  // The pairs of classes that points have, with how many have each; those without one of the two do not count.
  countPairs() {
    const {cloud} = this, [first, second] = cloud.labellings.map(({labels}) => labels), counts = new Float64Array(1 << 16);
    for (let i = 0; i < cloud.count; ++i) ++counts[first[i] << 8 | second[i]];
    return [...counts.keys()].map((pair) => ({classes: [pair >> 8, pair & 255], points: counts[pair]}))
      .filter(({classes, points}) => points > 0 && !classes.includes(NO_CLASS));
  }

  // The points of each class that differ.
  differing(labelling) {
    const counts = new Float64Array(256);
    for (const {classes, points} of this.unlike) counts[classes[labelling]] += points;
    return counts;
  }

  describe() {
    const {cloud: {labellings: [a, b], head: {classes: table}}, pairs, unlike} = this;
    const sum = (list) => list.reduce((total, {points}) => total + points, 0), both = sum(pairs), differing = sum(unlike);
    const share = both > 0 ? ` (${(100 * differing / both).toFixed(1)} %)` : '';
    byId('difference-count').textContent = `${grouped(differing)} of ${grouped(both)} points with both differ${share}`;
    const most = [...unlike].sort((p, q) => q.points - p.points).slice(0, 6);
    const rows = most.map(({classes, points}) => [classes.map((c) => table[c].name).reverse().join(' → '), grouped(points)]);
    fillList(byId('confusions'), rows.length > 0 ? [[`${b.name} → ${a.name}`, 'points'], ...rows] : []);
  }
}
