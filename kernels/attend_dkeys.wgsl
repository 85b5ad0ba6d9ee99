// Gradient of attention by its keys.
// One invocation per element of the keys.
// No tile: every element is read once.
// Plain code: a few thousand elements at most.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, hidden: u32, add: u32, v_at: u32 }
@group(0) @binding(0) var<storage, read> tanh_sum: array<f32>;
@group(0) @binding(1) var<storage, read> v: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;
@group(0) @binding(4) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let t = tanh_sum[i];
  var g = dy[i / p.hidden] * v[p.v_at + i % p.hidden] * (1.0 - t * t);
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
