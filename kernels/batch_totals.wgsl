// Mean of weight · loss and number of hits over a batch; hits of weight 0 do not count.
// One work-group.
// Work-group memory holds one partial sum per invocation (lib/group_sum.wgsl).
// A tree in a fixed order in place of atomics: same bits each time.
//#include lib/group_sum.wgsl
const SIZE: u32 = 256u;

struct P { n: u32, weighted: u32 }
@group(0) @binding(0) var<storage, read> loss: array<f32>;
@group(0) @binding(1) var<storage, read> hit: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> mean: array<f32>;
@group(0) @binding(4) var<storage, read_write> hits: array<f32>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  var right = 0.0;
  for (var i = local; i < p.n; i += SIZE) {
    let weight = select(1.0, weights[i], p.weighted != 0u);
    sum += weight * loss[i];
    right += select(0.0, hit[i], weight != 0.0);
  }
  let total = group_sum(sum, local);
  let count = group_sum(right, local);
  if (local == 0u) {
    mean[0] = total / f32(p.n);
    hits[0] = count;
  }
}
