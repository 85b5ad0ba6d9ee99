// y = anchor number index[r] of each row.
// One invocation per element of y.
// No tile: every element is read once.
// Plain code: a few thousand elements at most.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, anchors_per_row: u32, hidden: u32 }
@group(0) @binding(0) var<storage, read> anchors: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let row = i / p.hidden;
  y[i] = anchors[(row * p.anchors_per_row + index[row]) * p.hidden + i % p.hidden];
}
