// dx = (p − one-hot(label)) · weight · dy / n.
// One invocation per logit.
// No tile: every element is read once.
// Plain code: a few thousand elements at most.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, classes: u32, examples: u32, weighted: u32, add: u32 }
@group(0) @binding(0) var<storage, read> prob: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let example = i / p.classes;
  var g = prob[i] - f32(labels[example] == i % p.classes);
  g *= dy[0] / f32(p.examples);
  if (p.weighted != 0u) { g *= weights[example]; }
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
