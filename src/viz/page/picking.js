// The point under a place of the view: of those that are shown and lie within some pixels of it, the
// nearest to the eye. Returns -1 when there is none.

function pickPoint(cloud, camera, isShown, place, pixels) {
  const m = camera.matrix(), p = cloud.positions, {width, height} = camera.frame;
  let best = -1, nearest = Infinity;
  for (let i = 0; i < cloud.count; ++i) {
    const [x, y, z] = [p[3 * i], p[3 * i + 1], p[3 * i + 2]];
    const w = m[3] * x + m[7] * y + m[11] * z + m[15];
    if (w <= 0 || w >= nearest) continue;
    const px = (1 + (m[0] * x + m[4] * y + m[8] * z + m[12]) / w) * width / 2;
    const py = (1 - (m[1] * x + m[5] * y + m[9] * z + m[13]) / w) * height / 2;
    if ((px - place.x) ** 2 + (py - place.y) ** 2 > pixels ** 2 || !isShown(i)) continue;
    best = i;
    nearest = w;
  }
  return best;
}
