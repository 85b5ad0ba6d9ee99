// Gradient of SiLU: dx = dy · σ(x) · (1 + x · (1 − σ(x))).
// One invocation per element, in the order of memory.
// No tile: every element is read once, from memory.
// Reads x, not y: the function is not monotonic, so y does not determine its slope.
//#include lib/index.wgsl
//#include lib/math.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, add: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let s = sigmoid(x[i]);
  var g = dy[i] * s * (1.0 + x[i] * (1.0 - s));
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
