// y = Σ bit · anchor / (1 + Σ bit).
// One invocation per element of y.
// No tile: rows are short.
// One loop per row: sums in a fixed order, and there are rows enough for every lane.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, anchors_per_row: u32, hidden: u32 }
@group(0) @binding(0) var<storage, read> bits: array<u32>;
@group(0) @binding(1) var<storage, read> anchors: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let row = i / p.hidden;
  var sum = 0.0;
  var connected = 0u;
  for (var j = 0u; j < p.anchors_per_row; j++) {
    let key = row * p.anchors_per_row + j;
    if (bits[key] != 0u) {
      sum += anchors[key * p.hidden + i % p.hidden];
      connected++;
    }
  }
  y[i] = sum / f32(1u + connected);
}
