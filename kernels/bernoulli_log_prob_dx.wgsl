// dx = 2 (bit − p) · dy − 4 q · p (1 − p) · dh, p = σ(2q).
// One invocation per bit.
// No tile: every element is read once.
// Plain code: a few thousand elements at most.
//#include lib/index.wgsl
//#include lib/math.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, columns: u32, has_dy: u32, has_dh: u32, add: u32 }
@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> bits: array<u32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> dh: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let row = i / p.columns;
  let yes = sigmoid(2.0 * q[i]);
  var g = 0.0;
  if (p.has_dy != 0u) { g = 2.0 * (f32(bits[i] != 0u) - yes) * dy[row]; }
  if (p.has_dh != 0u) { g -= 4.0 * q[i] * yes * (1.0 - yes) * dh[row]; }
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
