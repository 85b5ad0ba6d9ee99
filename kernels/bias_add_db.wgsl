// Gradient of the bias: the sum of each column of dy.
// One work-group per column.
// Work-group memory holds one partial sum per invocation (lib/group_sum.wgsl).
// A tree in a fixed order in place of atomics: same bits each time.
//#include lib/group_sum.wgsl
const SIZE: u32 = 256u;

struct P { rows: u32, columns: u32, add: u32, db_at: u32 }
@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> db: array<f32>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = group.x;
  var sum = 0.0;
  for (var row = local; row < p.rows; row += SIZE) { sum += dy[row * p.columns + column]; }
  var g = group_sum(sum, local);
  if (local == 0u) {
    if (p.add != 0u) { g += db[p.db_at + column]; }
    db[p.db_at + column] = g;
  }
}
