// y = (x - mean) * inverse deviation * gamma + beta, optionally max(y, 0), then optionally plus another
// tensor. Moments are those of p.splits runs of pixels, which every work-group merges for itself; without
// splits it sees all pixels.
// One work-group per run and p.groups channel groups.
// Work-group memory holds the moments of each invocation (lib/moments.wgsl).
// Runs of pixels, merged by Chan's formula: exact where the mean is far above the deviation.
//#include lib/moments.wgsl
//#include lib/relu.wgsl
//#include lib/batch_norm.wgsl
//#include lib/batch_norm_update.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
const SIZE: u32 = 64u;

struct P {
  pixels: u32, c: u32, groups: u32, run: u32, splits: u32, relu: u32, add: u32, epsilon: f32, decay: f32, update: u32,
  running_at: u32, gamma_at: u32, beta_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> partials: array<V>;
@group(0) @binding(2) var<storage, read> gamma: array<V>;
@group(0) @binding(3) var<storage, read> beta: array<V>;
@group(0) @binding(4) var<storage, read> plus: array<V>;
@group(0) @binding(5) var<storage, read_write> running: array<f32>;
@group(0) @binding(6) var<storage, read_write> stats: array<V>;
@group(0) @binding(7) var<storage, read_write> y: array<V>;
@group(0) @binding(8) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let ch = group.x * p.groups + local % p.groups;
  let first = group.y * p.run + local / p.groups;
  var mine = Moments(0.0, V(0.0), V(0.0));
  if (p.splits == 0u) { mine = moments_of(ch, first, p.pixels); }
  for (var s = local / p.groups; s < p.splits; s += SIZE / p.groups) {
    let n = f32(min(p.run, p.pixels - s * p.run));
    let of_run = Moments(n, partials[2u * s * p.c + ch], partials[(2u * s + 1u) * p.c + ch]);
    mine = merge_moments(mine, of_run);
  }
  let all = group_moments(mine, local);
  let its = channel_of(all, ch);
  if (group.y == 0u) {
    if (local < p.groups && ch < p.c) { keep_channel(its, ch); }
    if (p.update != 0u) { update_running(group.x * p.groups, local); }
  }
  if (ch < p.c) { normalise(its, ch, first, min((group.y + 1u) * p.run, p.pixels)); }
}
