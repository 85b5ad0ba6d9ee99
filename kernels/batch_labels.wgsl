// The labels of a batch, `width` words for each example.
// One invocation per word.
// No tile: every element is read once.
// Plain code: a few thousand elements at most.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, width: u32, start: u32, total: u32, in_order: u32 }
@group(0) @binding(0) var<storage, read> labels: array<u32>;
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n * p.width) { return; }
  let place = (p.start + i / p.width) % p.total;
  var image = place;
  if (p.in_order == 0u) { image = order[place]; }
  y[i] = labels[image * p.width + i % p.width];
}
