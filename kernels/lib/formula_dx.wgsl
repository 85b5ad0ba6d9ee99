// The gradient of such a function by one of its tensors; follows the function `slope`.
override SIZE: u32 = 64u;

// Function number f; beta has one element per column. `second`: by the second tensor.
struct P { n: u32, columns: u32, f: u32, second: u32, add: u32, beta_at: u32 }
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> beta: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  var g = dy[i] * slope(a[i], b[i], beta[p.beta_at + i % p.columns], p.second != 0u);
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
