// Draws the cloud with WebGL 2: points and lines into a picture with depths, then the picture, shaded,
// onto the screen.

const MODES = {class: 0, value: 1, height: 2, own: 3};
const DIFFERENCES = {plain: 0, marked: 1, alone: 2};
const BACKGROUND = [16 / 255, 18 / 255, 24 / 255];
// Dark blue over green to yellow: light grows along it, so that it also reads without colours.
const RAMP_STOPS = [[68, 28, 102], [63, 72, 150], [45, 118, 155], [36, 160, 138], [98, 196, 88],
                    [192, 218, 60], [253, 231, 80]];

function rampColor(at) {
  const place = at * (RAMP_STOPS.length - 1), k = Math.min(Math.floor(place), RAMP_STOPS.length - 2);
  return RAMP_STOPS[k].map((v, c) => Math.round(v + (place - k) * (RAMP_STOPS[k + 1][c] - v)));
}

class Painter {
  constructor(canvas, cloud) {
    this.canvas = canvas;
    this.cloud = cloud;
    const gl = canvas.getContext('webgl2', {antialias: false, alpha: false, powerPreference: 'high-performance'});
    if (!gl) throw new Error('This browser has no WebGL 2, or it is switched off.');
    this.gl = gl;
    this.points = this.program(POINT_VERTEX, POINT_FRAGMENT);
    this.lines = this.program(LINE_VERTEX, LINE_FRAGMENT);
    this.screen = this.program(SCREEN_VERTEX, SCREEN_FRAGMENT);
    this.makePointBuffers();
    this.makeTextures();
    this.makeGrid();
    this.frame = gl.createFramebuffer();
    this.width = this.height = 0;
    this.largestSide = Math.min(gl.getParameter(gl.MAX_TEXTURE_SIZE), gl.getParameter(gl.MAX_RENDERBUFFER_SIZE));
  }

  program(vertex, fragment) {
    const gl = this.gl, program = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error('WebGL refuses a shader: ' + gl.getProgramInfoLog(program) +
                      gl.getAttachedShaders(program).map((s) => gl.getShaderInfoLog(s)).join(' '));
    }
    const places = {};
    for (let i = 0; i < gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS); ++i) {
      const {name} = gl.getActiveUniform(program, i);
      places[name] = gl.getUniformLocation(program, name);
    }
    return {program, places};
  }

  // An attribute that the cloud lacks stays a constant.
  attribute(index, data, components, type, normalized) {
    const gl = this.gl;
    if (!data) return null;
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(index);
    gl.vertexAttribPointer(index, components, type, normalized, 0, 0);
    return buffer;
  }

  makePointBuffers() {
    const gl = this.gl, cloud = this.cloud;
    this.pointArray = gl.createVertexArray();
    gl.bindVertexArray(this.pointArray);
    this.attribute(0, cloud.positions, 3, gl.FLOAT, false);
    cloud.labellings.forEach(({labels}, k) => this.attribute(k ? 4 : 1, labels, 1, gl.UNSIGNED_BYTE, false));
    this.attribute(3, cloud.colors, 3, gl.UNSIGNED_BYTE, true);
    this.valueBuffers = cloud.values.map((value) => this.attribute(2, value.steps, 1, gl.UNSIGNED_BYTE, false));
    gl.bindVertexArray(null);
    for (const index of [1, 4]) gl.vertexAttrib1f(index, NO_CLASS);
  }

  texture(unit, filter) {
    const gl = this.gl, texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, filter);
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
    return texture;
  }

  fill(unit, texture, texels) {
    const gl = this.gl;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
  }

  makeTextures() {
    this.classes = this.texture(0, this.gl.NEAREST);
    this.ramp = this.texture(1, this.gl.LINEAR);
    const texels = new Uint8Array(1024);
    for (let i = 0; i < 256; ++i) texels.set([...rampColor(i / 255), 255], 4 * i);
    this.fill(1, this.ramp, texels);
    this.picture = this.texture(2, this.gl.NEAREST);
    this.depths = this.texture(3, this.gl.NEAREST);
  }

  // `colors`: 256 of [r, g, b], `shown`: 256 of true or false.
  setClasses(colors, shown) {
    const texels = new Uint8Array(1024);
    for (let i = 0; i < 256; ++i) texels.set([...colors[i], shown[i] ? 255 : 0], 4 * i);
    this.fill(0, this.classes, texels);
  }

  // Lines on the ground, and the axes at the origin: x red, y green, z blue.
  makeGrid() {
    const gl = this.gl, {box, middle} = this.cloud;
    const wide = Math.max(box[0][1] - box[0][0], box[1][1] - box[1][0], 1e-3);
    const power = 10 ** Math.floor(Math.log10(wide / 8));
    this.gridStep = [1, 2, 5, 10].map((k) => k * power).find((step) => wide / step <= 16);
    const numbers = [];
    const line = (a, b, shade) => {
      for (const end of [a, b]) numbers.push(...end.map((v, axis) => v - middle[axis]), ...shade);
    };
    const [low, high] = [0, 1].map((side) => [0, 1].map((axis) =>
      (side ? Math.ceil : Math.floor)(box[axis][side] / this.gridStep) * this.gridStep));
    const ground = box[2][0], dim = [0.16, 0.18, 0.23];
    for (let x = low[0]; x <= high[0] + 1e-9; x += this.gridStep) line([x, low[1], ground], [x, high[1], ground], dim);
    for (let y = low[1]; y <= high[1] + 1e-9; y += this.gridStep) line([low[0], y, ground], [high[0], y, ground], dim);
    const length = this.gridStep / 4;
    for (let axis = 0; axis < 3; ++axis) {
      const end = [0, 0, 0], shade = [0.25, 0.3, 0.3];
      end[axis] = length;
      shade[axis] = 0.95;
      line([0, 0, 0], end, shade);
    }
    this.lineArray = gl.createVertexArray();
    gl.bindVertexArray(this.lineArray);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(numbers), gl.STATIC_DRAW);
    for (const index of [0, 1]) {
      gl.enableVertexAttribArray(index);
      gl.vertexAttribPointer(index, 3, gl.FLOAT, false, 24, 12 * index);
    }
    gl.bindVertexArray(null);
    this.lineCount = numbers.length / 6;
  }

  // The picture follows the canvas' size on the screen.
  resize() {
    const gl = this.gl, ratio = window.devicePixelRatio || 1;
    const side = (length) => Math.max(1, Math.min(this.largestSide, Math.round(length * ratio)));
    const width = side(this.canvas.clientWidth), height = side(this.canvas.clientHeight);
    if (width === this.width && height === this.height) return;
    Object.assign(this.canvas, {width, height});
    Object.assign(this, {width, height});
    gl.activeTexture(gl.TEXTURE2);
    gl.bindTexture(gl.TEXTURE_2D, this.picture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    gl.activeTexture(gl.TEXTURE3);
    gl.bindTexture(gl.TEXTURE_2D, this.depths);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.DEPTH_COMPONENT24, width, height, 0, gl.DEPTH_COMPONENT, gl.UNSIGNED_INT, null);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.picture, 0);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.TEXTURE_2D, this.depths, 0);
  }

  // A part of the screen for each look, from the left, as wide as the camera's frame. A look: mode, labelling,
  // differences, value, range, size (a length), lighting, grid; the first `count` points are drawn.
  draw(camera, looks, count) {
    const gl = this.gl;
    this.resize();
    const matrix = camera.matrix(), width = Math.round(camera.frame.width * this.width / this.canvas.clientWidth);
    // The textures that are drawn into must not be bound for reading.
    this.bind(2, null);
    this.bind(3, null);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.enable(gl.DEPTH_TEST);
    gl.depthMask(true);
    gl.clearColor(...BACKGROUND, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.SCISSOR_TEST);  // a viewport alone does not end points
    looks.forEach((look, k) => {
      gl.viewport(k * width, 0, width, this.height);
      gl.scissor(k * width, 0, width, this.height);
      this.drawPoints(matrix, look, count);
      if (look.grid) this.drawLines(matrix);
    });
    gl.disable(gl.SCISSOR_TEST);
    this.drawScreen(camera, looks[0]);
  }

  bind(unit, texture) {
    this.gl.activeTexture(this.gl.TEXTURE0 + unit);
    this.gl.bindTexture(this.gl.TEXTURE_2D, texture);
  }

  drawPoints(matrix, look, count) {
    const gl = this.gl, {program, places} = this.points, ratio = window.devicePixelRatio || 1;
    gl.useProgram(program);
    gl.depthMask(true);
    gl.bindVertexArray(this.pointArray);
    if (look.mode === MODES.value) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.valueBuffers[look.value]);
      gl.vertexAttribPointer(2, 1, gl.UNSIGNED_BYTE, false, 0, 0);
    }
    this.bind(0, this.classes);
    this.bind(1, this.ramp);
    gl.uniformMatrix4fv(places.matrix, false, matrix);
    gl.uniform1i(places.classes, 0);
    gl.uniform1i(places.ramp, 1);
    gl.uniform1i(places.mode, look.mode);
    gl.uniform1i(places.labelling, look.labelling);
    gl.uniform1i(places.differences, look.differences);
    gl.uniform2f(places.range, ...look.range);
    gl.uniform1f(places.size, look.size * this.height / FIELD);
    gl.uniform1f(places.smallest, 1.8 * ratio * look.scale);
    gl.uniform1f(places.roundness, 1.2);
    gl.drawArrays(gl.POINTS, 0, count);
  }

  // Points hide lines, but lines leave no depth: their edges are not shaded.
  drawLines(matrix) {
    const gl = this.gl;
    gl.useProgram(this.lines.program);
    gl.bindVertexArray(this.lineArray);
    gl.uniformMatrix4fv(this.lines.places.matrix, false, matrix);
    gl.depthMask(false);
    gl.drawArrays(gl.LINES, 0, this.lineCount);
  }

  drawScreen(camera, look) {
    const gl = this.gl, {program, places} = this.screen;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, this.width, this.height);
    gl.disable(gl.DEPTH_TEST);
    gl.useProgram(program);
    gl.bindVertexArray(null);
    this.bind(2, this.picture);
    this.bind(3, this.depths);
    gl.uniform1i(places.picture, 2);
    gl.uniform1i(places.depths, 3);
    gl.uniform2f(places.ends, camera.near(), camera.far());
    gl.uniform1f(places.reach, look.lighting ? 1.6 * (window.devicePixelRatio || 1) : 0);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}
