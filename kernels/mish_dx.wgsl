// Gradient of mish: dx = dy · (t + x · σ(x) · (1 − t²)), t = tanh(ln(1 + eˣ)).
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
  let t = tanh_softplus(x[i]);
  var g = dy[i] * (t + x[i] * sigmoid(x[i]) * (1.0 - t * t));
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
