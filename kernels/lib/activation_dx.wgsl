// An activation's gradient at every element, from x; follows the function `slope`.
override SIZE: u32 = 64u;

struct P { n: u32, add: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  var g = dy[i] * slope(x[i]);
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
