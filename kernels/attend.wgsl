// scores = tanh(key + query) · v; keeps the tanh.
// One invocation per row and key.
// No tile: rows are short.
// One loop per row: sums in a fixed order, and there are rows enough for every lane.
//#include lib/index.wgsl
//#include lib/math.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, keys_per_row: u32, hidden: u32, v_at: u32 }
@group(0) @binding(0) var<storage, read> keys: array<f32>;
@group(0) @binding(1) var<storage, read> query: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read_write> tanh_sum: array<f32>;
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let row = i / p.keys_per_row;
  var sum = 0.0;
  for (var h = 0u; h < p.hidden; h++) {
    let t = bounded_tanh(keys[i * p.hidden + h] + query[row * p.hidden + h]);
    tanh_sum[i * p.hidden + h] = t;
    sum += t * v[p.v_at + h];
  }
  scores[i] = sum;
}
