// Puts cloud, camera, painter and panel together: what the mouse, fingers and keys do, and when to draw.

// While the view moves, so many points are drawn that a frame takes about FRAME_MS; then all of them.
const FRAME_MS = 33, SETTLED_MS = 150, FEWEST_POINTS = 50000;

class Stage {
  constructor(cloud) {
    this.cloud = cloud;
    this.canvas = byId('view');
    this.camera = new Camera(cloud);
    this.painter = new Painter(this.canvas, cloud);
    this.budget = cloud.count;
    this.panel = new Panel(cloud, () => this.changeLook());
    this.frameView();
    this.camera.reset();
    byId('grid-label').textContent = `Grid of ${short(this.painter.gridStep)} m`;
    this.changeLook();
  }

  changeLook() {
    if (!this.panel) return;  // it is being made
    this.painter.setClasses(this.panel.colors, this.panel.shown);
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
    this.painter.draw(this.camera, this.panel.look(), count);
    Object.assign(document.documentElement.dataset, {drawn: count, shown: this.panel.shownCount(), state: 'drawn'});
  }

  // A panel beside the view covers a part of it; one below, on narrow screens, does not count.
  frameView() {
    const {clientWidth: width, clientHeight: height} = this.canvas, panel = byId('panel').getBoundingClientRect();
    this.camera.setFrame({width, height, covered: panel.left > width / 3 ? width - panel.left : 0});
  }

  resize() { this.frameView(); this.moved(); }
  turn(dx, dy) { this.camera.rotate(dx, dy); this.moved(); }
  move(dx, dy) { this.camera.move(dx, dy); this.moved(); }
  zoom(factor, x, y) { this.camera.zoom(factor, x, y); this.moved(); }
  zoomMiddle(factor) { const {x, y} = this.camera.middle(); this.zoom(factor, x, y); }
  home() { this.camera.reset(); this.moved(); }
  above() { this.camera.lookFromAbove(); this.moved(); }
  pick(x, y) { this.panel.showPicked(pickPoint(this.cloud, this.camera, this.panel.shown, {x, y})); }
}

// One pointer turns, or moves with Shift or another button; two move and zoom.
function listenToPointers(stage) {
  const canvas = stage.canvas, down = new Map();
  let travelled = 0;
  const middle = () => {
    const all = [...down.values()];
    return {x: all.reduce((s, p) => s + p.x, 0) / all.length, y: all.reduce((s, p) => s + p.y, 0) / all.length,
            spread: all.length < 2 ? 0 : Math.hypot(all[0].x - all[1].x, all[0].y - all[1].y)};
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({preventScroll: true});
    if (down.size === 0) travelled = 0;
    down.set(event.pointerId, {x: event.offsetX, y: event.offsetY});
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!down.has(event.pointerId)) return;
    const before = middle();
    down.set(event.pointerId, {x: event.offsetX, y: event.offsetY});
    const after = middle(), [dx, dy] = [after.x - before.x, after.y - before.y];
    travelled += Math.abs(dx) + Math.abs(dy);
    if (down.size > 1) {
      stage.move(dx, dy);
      if (before.spread > 0 && after.spread > 0) stage.zoom(before.spread / after.spread, after.x, after.y);
    } else if (event.shiftKey || (event.buttons & 6)) {
      stage.move(dx, dy);
    } else {
      stage.turn(dx, dy);
    }
  });
  const lift = (event) => {
    const clicked = event.type === 'pointerup' && down.size === 1 && travelled < 4 && event.button === 0;
    down.delete(event.pointerId);
    if (clicked) stage.pick(event.offsetX, event.offsetY);
  };
  canvas.addEventListener('pointerup', lift);
  canvas.addEventListener('pointercancel', lift);
  canvas.addEventListener('contextmenu', (event) => event.preventDefault());
  canvas.addEventListener('wheel', (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 0 ? event.deltaY / 100 : event.deltaY / 3;
    stage.zoom(Math.exp(0.2 * Math.max(-3, Math.min(3, lines))), event.offsetX, event.offsetY);
  }, {passive: false});
}

function listenToKeys(stage) {
  const step = 40;
  const actions = {ArrowLeft: () => stage.turn(-step, 0), ArrowRight: () => stage.turn(step, 0),
                   ArrowUp: () => stage.turn(0, step), ArrowDown: () => stage.turn(0, -step),
                   '+': () => stage.zoomMiddle(0.85), '=': () => stage.zoomMiddle(0.85),
                   '-': () => stage.zoomMiddle(1 / 0.85), Home: () => stage.home(),
                   t: () => stage.above(), T: () => stage.above()};
  document.addEventListener('keydown', (event) => {
    const inField = event.target instanceof HTMLElement && ['INPUT', 'SELECT'].includes(event.target.tagName);
    if (inField || event.ctrlKey || event.metaKey || event.altKey || !(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  });
  byId('reset').addEventListener('click', actions.Home);
  byId('above').addEventListener('click', actions.t);
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
