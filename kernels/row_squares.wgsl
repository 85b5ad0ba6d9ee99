// y = Σ x² of each row.
// One invocation per row.
// No tile: rows are short.
// One loop per row: sums in a fixed order, and there are rows enough for every lane.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, columns: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  var sum = 0.0;
  for (var j = i * p.columns; j < (i + 1u) * p.columns; j++) { sum += x[j] * x[j]; }
  y[i] = sum;
}
