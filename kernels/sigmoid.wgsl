// y = 1 / (1 + exp(−x)).
// One invocation per element.
// No tile: every element is read once.
// Plain code: the kernel is memory-bound.
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
  y[i] = sigmoid(x[i]);
}
