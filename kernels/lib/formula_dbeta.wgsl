// Partial sums of the gradient of such a function by beta; follows the function `slope_beta`. One invocation
// per column and run of `span` rows: neighbouring invocations read neighbouring columns.
override SIZE: u32 = 64u;
// Number of the function.
const F: u32 = 0u;

struct P { rows: u32, columns: u32, span: u32, splits: u32, sums_at: u32 }
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> beta: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.columns * p.splits) { return; }
  let column = i % p.columns;
  let first = i / p.columns * p.span;
  var sum = 0.0;
  for (var row = first; row < min(first + p.span, p.rows); row++) {
    let at = row * p.columns + column;
    sum += dy[at] * slope_beta(a[at], b[at], beta[column]);
  }
  sums[p.sums_at + i] = sum;
}
