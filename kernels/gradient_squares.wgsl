// Σ (g + 2·l2·w)² of each chunk of live gradients.
// One work-group per chunk.
// Work-group memory holds one partial sum per invocation (lib/group_sum.wgsl).
// A tree in a fixed order in place of atomics: same bits each time.
//#include lib/group_sum.wgsl
const SIZE: u32 = 64u;
const LIVE: u32 = 1u;
const DECAYS: u32 = 2u;

struct P { n: u32, l2: f32, to: u32 }
@group(0) @binding(0) var<storage, read> chunks: array<vec4u>;
@group(0) @binding(1) var<storage, read> grads: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> squares: array<f32>;
@group(0) @binding(4) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = group.x + group.y * groups.x;
  let chunk = chunks[min(index, p.n - 1u)];
  let l2 = select(0.0, 2.0 * p.l2, (chunk.w & DECAYS) != 0u);
  var sum = 0.0;
  if ((chunk.w & LIVE) != 0u) {
    for (var i = chunk.x + local; i < chunk.x + chunk.y; i += SIZE) {
      let g = grads[i] + l2 * weights[i];
      sum += g * g;
    }
  }
  let total = group_sum(sum, local);
  if (local == 0u && index < p.n) { squares[p.to + index] = total; }
}
