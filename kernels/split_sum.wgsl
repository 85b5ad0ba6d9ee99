// y = sum of the splits, or y += it, in a fixed order. One invocation per element.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, splits: u32, add: u32, y_at: u32 }
@group(0) @binding(0) var<storage, read> sums: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  var total = 0.0;
  for (var s = 0u; s < p.splits; s++) { total += sums[s * p.n + i]; }
  if (p.add != 0u) { total += y[p.y_at + i]; }
  y[p.y_at + i] = total;
}
