// y = x / 2 · (1 + tanh(u)), u = √(2 / π) · (x + 0.044715 x³).
// One invocation per element, in the order of memory.
// No tile: every element is read once, from memory.
// Plain code: the arithmetic hides behind the loads.
//#include lib/index.wgsl
//#include lib/math.wgsl
override SIZE: u32 = 64u;

struct P { n: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  // Beyond 10 the tanh is ±1, and cubes stay finite.
  let b = clamp(x[i], -10.0, 10.0);
  y[i] = 0.5 * x[i] * (1.0 + bounded_tanh(0.7978845608 * (b + 0.044715 * b * b * b)));
}
