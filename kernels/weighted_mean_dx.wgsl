// Gradient of the mean over chosen anchors.
// One invocation per element of the anchors.
// No tile: every element is read once.
// Plain code: a few thousand elements at most.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, anchors_per_row: u32, hidden: u32, add: u32 }
@group(0) @binding(0) var<storage, read> bits: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let key = i / p.hidden;
  let row = key / p.anchors_per_row;
  var connected = 0u;
  for (var j = 0u; j < p.anchors_per_row; j++) {
    connected += min(bits[row * p.anchors_per_row + j], 1u);
  }
  var g = 0.0;
  if (bits[key] != 0u) { g = dy[row * p.hidden + i % p.hidden] / f32(1u + connected); }
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
