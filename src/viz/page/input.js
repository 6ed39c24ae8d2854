// What the mouse, fingers and keys do.

const MOUSE = {pixels: 6, still: 4}, FINGER = {pixels: 16, still: 10};

// One pointer turns, or moves with Shift or another button; two move and zoom. Without moving, a click.
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
      travelled = Infinity;  // no click, whichever finger goes last
      stage.move(dx, dy);
      if (before.spread > 0 && after.spread > 0) stage.zoom(before.spread / after.spread, after.x, after.y);
    } else if (event.shiftKey || (event.buttons & 6)) {
      stage.move(dx, dy);
    } else {
      stage.turn(dx, dy);
    }
  });
  const lift = (event) => {
    const reach = event.pointerType === 'touch' ? FINGER : MOUSE;
    const clicked = event.type === 'pointerup' && down.size === 1 && travelled < reach.still && event.button === 0;
    down.delete(event.pointerId);
    if (clicked) stage.click(event.offsetX, event.offsetY, reach.pixels);
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

// Each key, in small letters, what it does, and the button that does the same.
function actionsOf(stage) {
  const step = 40;
  return [[['ArrowLeft'], () => stage.turn(-step, 0)], [['ArrowRight'], () => stage.turn(step, 0)],
          [['ArrowUp'], () => stage.turn(0, step)], [['ArrowDown'], () => stage.turn(0, -step)],
          [['+', '='], () => stage.zoomMiddle(0.85)], [['-'], () => stage.zoomMiddle(1 / 0.85)],
          [['Home', 'h'], () => stage.wholeCloud(), 'whole'], [['c'], () => stage.closeUp(), 'close'],
          [['t'], () => stage.fromAbove(), 'above'], [['m'], () => stage.measure(!stage.measuring.on), 'measure'],
          [['s'], () => stage.save(), 'save'], [['b'], () => stage.toggleBeside()],
          [['d'], () => stage.nextDifferences()], [['p'], () => stage.panel.fold()],
          [['/'], () => stage.search()], [['Escape'], () => stage.forget()]];
}

// Keys that a field takes itself do nothing else.
function isTakenBy(field) {
  return field instanceof HTMLSelectElement ||
         (field instanceof HTMLInputElement && field.type !== 'checkbox');
}

function listenToKeys(stage) {
  const byKey = new Map();
  for (const [keys, act, button] of actionsOf(stage)) {
    for (const key of keys) byKey.set(key, act);
    if (button) byId(button).addEventListener('click', act);
  }
  document.addEventListener('keydown', (event) => {
    const act = byKey.get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (!act || isTakenBy(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
}
