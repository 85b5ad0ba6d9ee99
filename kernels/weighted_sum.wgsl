// y = Σ x · w / n.
// One work-group.
// Work-group memory holds one partial sum per invocation (lib/group_sum.wgsl).
// A tree in a fixed order in place of atomics: same bits each time.
//#include lib/group_sum.wgsl
const SIZE: u32 = 256u;

struct P { n: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var i = local; i < p.n; i += SIZE) { sum += x[i] * w[i]; }
  let total = group_sum(sum, local);
  if (local == 0u) { y[0] = total / f32(p.n); }
}
