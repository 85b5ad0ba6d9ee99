// A function of one or two tensors, element by element; follows the function `value`.
override SIZE: u32 = 64u;

// Function number f; beta has one element per column.
struct P { n: u32, columns: u32, f: u32, beta_at: u32 }
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> beta: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  y[i] = value(a[i], b[i], beta[p.beta_at + i % p.columns]);
}
