// Gradient of attention by its query: the sum over keys.
// One invocation per element of the query.
// No tile: rows are short.
// One loop per row: sums in a fixed order, and there are rows enough for every lane.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, keys_per_row: u32, hidden: u32, add: u32, v_at: u32 }
@group(0) @binding(0) var<storage, read> tanh_sum: array<f32>;
@group(0) @binding(1) var<storage, read> v: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;
@group(0) @binding(4) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let row = i / p.hidden;
  let h = i % p.hidden;
  var g = 0.0;
  for (var j = 0u; j < p.keys_per_row; j++) {
    let key = row * p.keys_per_row + j;
    let t = tanh_sum[key * p.hidden + h];
    g += dy[key] * (1.0 - t * t);
  }
  g *= v[p.v_at + h];
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
