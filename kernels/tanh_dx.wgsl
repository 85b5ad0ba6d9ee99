// Gradient of tanh from its output.
// One invocation per element.
// No tile: every element is read once.
// Plain code: the kernel is memory-bound.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, add: u32 }
@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  var g = dy[i] * (1.0 - y[i] * y[i]);
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
