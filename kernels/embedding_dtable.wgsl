// Gradient of the embedding table: gathers the rows that used it.
// One invocation per element of the table.
// No tile: the indices are few, and all invocations read the same.
// Gathers in place of scattering: no atomics, sums in a fixed order.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, columns: u32, rows: u32, add: u32, dtable_at: u32 }
@group(0) @binding(0) var<storage, read> index: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dtable: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let entry = i / p.columns;
  let column = i % p.columns;
  var g = 0.0;
  for (var row = 0u; row < p.rows; row++) {
    if (index[row] == entry) { g += dy[row * p.columns + column]; }
  }
  if (p.add != 0u) { g += dtable[p.dtable_at + i]; }
  dtable[p.dtable_at + i] = g;
}
