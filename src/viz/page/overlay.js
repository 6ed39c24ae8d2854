// What is drawn over the points: what each half shows, the point that was picked, and what is measured.

const INK = '#f2f4f8', SHADE = 'rgba(16, 18, 24, 0.85)', MARK = '#ffd166';

class Overlay {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
  }

  // `names`: of the views that stand side by side, or one; `ends`: places to join with a line, `text` beside it.
  draw(camera, {names, picked, ends, text}) {
    const {context, canvas} = this, ratio = window.devicePixelRatio || 1, {width, height} = camera.frame;
    this.clear(Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio));
    names.forEach((name, k) => {
      context.setTransform(ratio, 0, 0, ratio, ratio * k * width, 0);
      context.save();
      context.beginPath();
      context.rect(0, 0, width, height);
      context.clip();
      if (picked) this.ring(camera.project(picked));
      this.line(ends.map((end) => camera.project(end)), text);
      if (names.length > 1) this.write(name, 12, 24, 'left', '600 14px system-ui, sans-serif');
      if (k > 0) this.stroke('#434d60', 2, [{x: 0, y: 0}, {x: 0, y: height}]);
      context.restore();
    });
  }

  clear(width, height) {
    const {canvas, context} = this;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.fillStyle = 'rgba(16, 18, 24, 0.02)';  // Chromium 156 forgets to clear when nothing is drawn thereafter
    context.fillRect(0, 0, 1, 1);
  }

  ring(at) {
    if (!at) return;
    const {context} = this;
    for (const [color, wide] of [[SHADE, 4], [MARK, 2]]) {
      context.beginPath();
      context.arc(at.x, at.y, 7, 0, 2 * Math.PI);
      Object.assign(context, {strokeStyle: color, lineWidth: wide});
      context.stroke();
    }
  }

  line(ends, text) {
    for (const end of ends) this.ring(end);
    const [a, b] = ends;
    if (!a || !b) return;
    this.stroke(SHADE, 4, ends);
    this.stroke(MARK, 2, ends);
    this.write(text, (a.x + b.x) / 2, (a.y + b.y) / 2 - 10, 'center', '600 13px system-ui, sans-serif');
  }

  stroke(color, wide, [from, to]) {
    const {context} = this;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    Object.assign(context, {strokeStyle: color, lineWidth: wide});
    context.stroke();
  }

  write(text, x, y, align, font) {
    const {context} = this;
    Object.assign(context, {font, textAlign: align, strokeStyle: SHADE, lineWidth: 4, lineJoin: 'round', fillStyle: INK});
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  }
}
