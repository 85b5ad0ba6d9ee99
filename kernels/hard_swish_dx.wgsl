// Gradient of hard-swish: 0 up to −3, 1 from 3 on, (2x + 3) / 6 between.
// One invocation per element, in the order of memory.
// No tile: every element is read once, from memory.
// Reads x, not y: the function is not monotonic, so y does not determine its slope.
//#include lib/index.wgsl
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
  let inner = (2.0 * x[i] + 3.0) / 6.0;
  let slope = select(select(inner, 1.0, x[i] >= 3.0), 0.0, x[i] <= -3.0);
  var g = dy[i] * slope;
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
