// Gradient of attention by v: Σ dy · tanh(key + query) over rows and keys.
// One work-group per element of v.
// Work-group memory holds one partial sum per invocation (lib/group_sum.wgsl).
// A tree in a fixed order in place of atomics: same bits each time.
//#include lib/group_sum.wgsl
const SIZE: u32 = 256u;

struct P { keys: u32, hidden: u32, add: u32, dv_at: u32 }
@group(0) @binding(0) var<storage, read> tanh_sum: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dv: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let h = group.x;
  var sum = 0.0;
  for (var key = local; key < p.keys; key += SIZE) { sum += dy[key] * tanh_sum[key * p.hidden + h]; }
  var g = group_sum(sum, local);
  if (local == 0u) {
    if (p.add != 0u) { g += dv[p.dv_at + h]; }
    dv[p.dv_at + h] = g;
  }
}
