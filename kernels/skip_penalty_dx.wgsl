// dx = gain · p(1) · p(0) · (gain·q − logit(rho)) · dy.
// One invocation per logit.
// No tile: every element is read once.
// Plain code: a few thousand elements at most.
//#include lib/index.wgsl
//#include lib/math.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, columns: u32, gain: f32, rho: f32, add: u32 }
@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let x = p.gain * q[i];
  var g = p.gain * sigmoid(x) * sigmoid(-x) * (x - log(p.rho / (1.0 - p.rho))) * dy[i / p.columns];
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
