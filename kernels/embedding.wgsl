// Row index[r] of the table.
// One invocation per element.
// No tile: every element is read once.
// Plain code: a few thousand elements at most.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, columns: u32, table_at: u32 }
@group(0) @binding(0) var<storage, read> table: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  y[i] = table[p.table_at + index[i / p.columns] * p.columns + i % p.columns];
}
