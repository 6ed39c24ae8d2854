// Puts cloud, camera, painter and panel together, and says when to draw.

// While the view moves, so many points are drawn that a frame takes about FRAME_MS; then all of them.
const FRAME_MS = 33, SETTLED_MS = 150, FEWEST_POINTS = 50000;

class Stage {
  constructor(cloud) {
    this.cloud = cloud;
    this.canvas = byId('view');
    this.camera = new Camera(cloud);
    this.painter = new Painter(this.canvas, cloud);
    this.overlay = new Overlay(byId('over'));
    this.budget = cloud.count;
    this.picked = -1;
    this.panel = new Panel(cloud, {changed: () => this.changeLook(), folded: () => this.resize(),
                                   fly: () => this.flyToShown()});
    this.measuring = new Measuring(cloud, this.panel.lengths);
    const {lengths} = this.panel;
    byId('grid-label').textContent = `Grid of ${lengths.behind(short(this.painter.gridStep), lengths.plane)}`;
    this.changeLook();
    this.camera.start();
  }

  changeLook() {
    if (!this.measuring) return;  // all of it is being made
    this.painter.setClasses(this.panel.classes.colors, this.panel.classes.shown);
    this.colorings = this.panel.shownColorings();
    this.looks = this.colorings.map((coloring) => this.panel.look(coloring));
    this.frameView();
    this.dirty = true;
    this.schedule();
  }

  moved() {
    this.dirty = this.moving = true;
    this.movedAt = performance.now();
    this.schedule();
  }

  schedule() {
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.tick(now));
  }

  // While the view moves, frames follow each other, so that what one takes is seen; with few points.
  // When nothing has moved for a while, all points are drawn, and then nothing more.
  tick(now) {
    this.frame = 0;
    if (this.moving && !this.dirty && now - this.movedAt > SETTLED_MS) {
      this.moving = false;
      this.dirty = true;
    }
    if (this.moving) this.adapt(now);
    this.tickBefore = this.moving ? now : undefined;
    if (this.dirty) this.draw(this.moving ? this.budget : this.cloud.count);
    this.dirty = false;
    if (this.moving) this.schedule();
  }

  adapt(now) {
    if (this.tickBefore === undefined || !this.dirty) return;
    const factor = Math.min(1.5, Math.max(0.25, FRAME_MS / (now - this.tickBefore))), count = this.cloud.count;
    if (factor > 0.9 && factor < 1.2) return;
    this.budget = Math.min(count, Math.max(Math.min(FEWEST_POINTS, count), Math.round(this.budget * factor)));
  }

  draw(count) {
    const {cloud, camera, measuring, looks} = this;
    this.painter.draw(camera, looks, count);
    this.overlay.draw(camera, {names: this.colorings.map(({name}) => name), ends: measuring.ends.map((i) => cloud.placeOf(i)),
                               picked: this.picked < 0 ? null : cloud.placeOf(this.picked),
                               text: measuring.ends.length === 2 ? measuring.distance() : ''});
    Object.assign(document.documentElement.dataset, {drawn: count, shown: this.panel.shownCount(looks[0]), state: 'drawn'});
  }

  // A panel beside the view covers a part of it, and one below on narrow screens. Halves that stand side by side share
  // what is left beside it.
  frameView() {
    const {clientWidth: width, clientHeight: height} = this.canvas, panel = byId('panel').getBoundingClientRect();
    const isBelow = panel.top > height / 3;
    const covered = isBelow ? 0 : width - panel.left, below = isBelow ? height - panel.top : 0;
    const halves = this.looks.length, before = this.halves || halves;
    this.seen = {width: width - covered, height: height - below};
    this.camera.setFrame(halves > 1 ? {width: this.seen.width / halves, height, covered: 0, below}
                                    : {width, height, covered, below});
    this.camera.distance *= halves / before;  // as much is seen from left to right
    this.halves = halves;
  }

  // The half of the screen that x is in, and where there.
  halfAt(x) {
    const {width} = this.camera.frame, half = this.halves > 1 && x >= width ? 1 : 0;
    return {half, x: x - half * width};
  }

  resize() { this.frameView(); this.moved(); }
  turn(dx, dy) { this.camera.rotate(dx, dy); this.moved(); }
  move(dx, dy) { this.camera.move(dx, dy); this.moved(); }
  zoom(factor, x, y) { this.camera.zoom(factor, this.halfAt(x).x, y); this.moved(); }
  zoomMiddle(factor) { const {x, y} = this.camera.middle(); this.camera.zoom(factor, x, y); this.moved(); }
  wholeCloud() { this.camera.wholeCloud(); this.moved(); }
  closeUp() { this.camera.closeUp(); this.moved(); }
  fromAbove() { this.camera.fromAbove(); this.moved(); }

  // To the points that either half shows.
  flyToShown() {
    const tests = this.looks.map((look) => this.panel.testOf(look));
    if (this.camera.frameAll((i) => tests.some((test) => test(i)))) this.moved();
  }

  click(x, y, pixels) {
    const place = this.halfAt(x), isShown = this.panel.testOf(this.looks[place.half]);
    const i = pickPoint(this.cloud, this.camera, isShown, {x: place.x, y}, pixels);
    if (this.measuring.on && i >= 0) this.measuring.add(i);
    if (!this.measuring.on) this.pick(i);
    this.showMeasured();
  }

  pick(i) {
    this.picked = i;
    this.panel.showPicked(i);
  }

  measure(on) {
    this.measuring.turn(on);
    if (on) this.pick(-1);
    this.showMeasured();
  }

  showMeasured() {
    this.panel.showMeasured({on: this.measuring.on, rows: this.measuring.on ? this.measuring.rows() : []});
    this.dirty = true;
    this.schedule();
  }

  forget() {
    this.pick(-1);
    this.measure(false);
  }

  toggleBeside() {
    this.panel.comparing.toggle(this.panel.coloring());
    this.changeLook();
  }

  nextDifferences() {
    if (this.cloud.labellings.length < 2) return;
    this.panel.comparing.nextDifferences();
    this.changeLook();
  }

  search() {
    if (this.cloud.labellings.length === 0) return;
    if (byId('panel').classList.contains('folded')) this.panel.fold();
    byId('class-search').focus();
    byId('class-search').select();
  }

  // All points, drawn now: what a canvas holds is gone after the frame.
  save() {
    this.draw(this.cloud.count);
    const {title} = this.cloud.head;
    savePicture(drawSnapshot([this.canvas, byId('over')], this.seen, title, this.panel.legend()), title);
  }
}

function fail(error) {
  const notice = byId('notice');
  notice.textContent = error.message || String(error);
  notice.className = 'error';
  notice.hidden = false;
  document.documentElement.dataset.state = 'failed';
}

async function main() {
  const head = JSON.parse(byId('head').textContent);
  const text = byId('points').textContent;
  byId('points').remove();
  const cloud = new Cloud(head, await inflate(text));
  const stage = new Stage(cloud);
  listenToPointers(stage);
  listenToKeys(stage);
  window.addEventListener('resize', () => stage.resize());
  stage.canvas.addEventListener('webglcontextlost', () => fail(new Error('The graphics driver was reset; reload the page.')));
  byId('notice').hidden = true;
}

window.addEventListener('error', (event) => fail(event.error || event));
main().catch(fail);
