// y = a + factor · b.
// One invocation per element.
// No tile: every element is read once.
// Plain code: the kernel is memory-bound.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, factor: f32 }
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  y[i] = a[i] + p.factor * b[i];
}
