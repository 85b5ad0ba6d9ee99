// y = x · factor of the element's image and channel; added to y if wanted.
// One invocation per element.
// No tile: every element is read once; neighbours read neighbouring factors.
// Plain code: the kernel is memory-bound. It computes the gradient of x too, from that of y.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, per_image: u32, c: u32, add: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> factors: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let v = x[i] * factors[i / p.per_image * p.c + i % p.c];
  y[i] = select(v, y[i] + v, p.add != 0u);
}
