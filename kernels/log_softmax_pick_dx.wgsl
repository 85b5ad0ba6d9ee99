// dx = (one-hot(index) − p) · dy − p · (log p + entropy) · dh.
// One invocation per logit.
// No tile: every element is read once.
// Plain code: a few thousand elements at most.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, options: u32, has_dy: u32, has_dh: u32, add: u32 }
@group(0) @binding(0) var<storage, read> prob: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read> entropy: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> dh: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;
@group(0) @binding(6) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let row = i / p.options;
  let q = prob[i];
  var g = 0.0;
  if (p.has_dy != 0u) { g = (f32(index[row] == i % p.options) - q) * dy[row]; }
  // The limit of q · log q at 0 is 0.
  if (p.has_dh != 0u && q > 0.0) { g -= q * (log(q) + entropy[row]) * dh[row]; }
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
