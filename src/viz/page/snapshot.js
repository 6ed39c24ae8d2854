// The view as a picture: what is seen of it, the title, and what the colours stand for.

const LINE = 20, MOST_LINES = 24;

// `keys`: [color, text] for each line of the legend.
function drawSnapshot(layers, {width, height}, title, keys) {
  const picture = document.createElement('canvas'), ratio = window.devicePixelRatio || 1;
  Object.assign(picture, {width: Math.round(width * ratio), height: Math.round(height * ratio)});
  const context = picture.getContext('2d');
  for (const layer of layers) context.drawImage(layer, 0, 0);
  context.scale(ratio, ratio);
  Object.assign(context, {font: '600 14px system-ui, sans-serif', textBaseline: 'middle', lineWidth: 4, lineJoin: 'round'});
  const write = (text, x, y) => {
    Object.assign(context, {strokeStyle: SHADE, fillStyle: INK});
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  };
  const room = Math.max(0, Math.floor(height / LINE) - 3), lines = keys.slice(0, Math.min(MOST_LINES, room));
  const top = height - 12 - LINE * lines.length;
  const wide = Math.max(...[title, ...lines.map(([, text]) => text)].map((text) => context.measureText(text).width));
  context.fillStyle = SHADE;
  context.fillRect(4, top - 22, wide + 38, height - top + 14);
  write(title, 12, top - 8);
  context.font = '13px system-ui, sans-serif';
  lines.forEach(([color, text], k) => {
    const y = top + LINE * (k + 0.5);
    context.fillStyle = color;
    context.fillRect(12, y - 6, 12, 12);
    write(text, 31, y);
  });
  return picture;
}

// A name that any file system takes.
function fileName(title) {
  return (title.replace(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^[._]+|_+$/g, '').slice(0, 80) || 'points') + '.png';
}

function savePicture(picture, title) {
  picture.toBlob((blob) => {
    const link = element('a');
    link.href = URL.createObjectURL(blob);
    link.download = fileName(title);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }, 'image/png');
}
