// Points with their colours, lines, and the pass that shades the edges of depth.

const POINT_VERTEX = `#version 300 es
layout(location = 0) in vec3 position;
layout(location = 1) in float label;
layout(location = 2) in float value;
layout(location = 3) in vec3 own;
layout(location = 4) in float other;  // the class by the other labelling
uniform mat4 matrix;
uniform sampler2D classes;  // colours by class; alpha 0: not shown
uniform sampler2D ramp;
uniform int mode;           // as MODES
uniform vec2 range;         // of what the ramp shows
uniform int labelling;      // whose classes count: 0 or 1
uniform int differences;    // as DIFFERENCES
uniform float size;         // pixels at a distance of one unit
uniform float smallest;
out vec3 color;

vec3 on_ramp(float v) {
  float at = clamp((v - range.x) / (range.y - range.x), 0.0, 1.0);
  return texture(ramp, vec2((at * 255.0 + 0.5) / 256.0, 0.5)).rgb;
}

void main() {
  vec4 of_class = texelFetch(classes, ivec2(int(labelling == 0 ? label : other), 0), 0);
  bool differs = label != other && max(label, other) < 254.5;
  gl_Position = matrix * vec4(position, 1.0);
  gl_PointSize = clamp(size / gl_Position.w, smallest, 40.0);
  if (of_class.a < 0.5 || (differences == 2 && !differs)) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  if (mode == 0) color = of_class.rgb;
  else if (mode == 1) color = value > 254.5 ? vec3(0.4) : on_ramp(value);
  else if (mode == 2) color = on_ramp(position.z);
  else color = own;
  if (differences == 1) {
    if (differs) gl_PointSize *= 1.6;
    else color = vec3(0.16) + 0.1 * color;
  }
}`;

const POINT_FRAGMENT = `#version 300 es
precision mediump float;
in vec3 color;
uniform float roundness;  // squared radius of what is kept of a point's square
out vec4 pixel;
void main() {
  vec2 from_middle = 2.0 * gl_PointCoord - 1.0;
  if (dot(from_middle, from_middle) > roundness) discard;
  pixel = vec4(color, 1.0);
}`;

const LINE_VERTEX = `#version 300 es
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 shade;
uniform mat4 matrix;
out vec3 color;
void main() { gl_Position = matrix * vec4(position, 1.0); color = shade; }`;

const LINE_FRAGMENT = `#version 300 es
precision mediump float;
in vec3 color;
out vec4 pixel;
void main() { pixel = vec4(color, 1.0); }`;

const SCREEN_VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

// Eye-dome lighting, as in src/viz/view_in_perspective.cpp.
const SCREEN_FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D picture;
uniform sampler2D depths;
uniform vec2 ends;     // near and far
uniform float reach;   // pixels to the neighbours; 0: no shading
out vec4 pixel;

float log_depth(float d) {
  return log2(2.0 * ends.x * ends.y / (ends.y + ends.x - (2.0 * d - 1.0) * (ends.y - ends.x)));
}

void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec3 color = texelFetch(picture, at, 0).rgb;
  float depth = texelFetch(depths, at, 0).r;
  if (depth < 1.0 && reach > 0.0) {
    float own = log_depth(depth), behind = 0.0;
    for (int k = 0; k < 8; ++k) {
      float angle = 0.785398 * float(k);
      ivec2 there = at + ivec2(round(reach * vec2(cos(angle), sin(angle))));
      if (any(lessThan(there, ivec2(0))) || any(greaterThanEqual(there, textureSize(depths, 0)))) continue;
      float other = texelFetch(depths, there, 0).r;
      if (other < 1.0) behind += max(0.0, own - log_depth(other));
    }
    color *= exp(-6.0 * behind / 8.0);
  }
  pixel = vec4(color, 1.0);
}`;
