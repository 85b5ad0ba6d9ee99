// y = x / keep where the element's random number lies below keep, else 0; the same for the gradient.
// One invocation per element.
// No tile: every element is read once.
// Plain code: the kernel is memory-bound.
//#include lib/index.wgsl
//#include lib/random.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, keep: f32, seed: u32, stream: u32, step: u32, add: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let kept = uniform01(p.seed, p.stream, p.step, i) < p.keep;
  var g = select(0.0, x[i] / p.keep, kept);
  if (p.add != 0u) { g += y[i]; }
  y[i] = g;
}
