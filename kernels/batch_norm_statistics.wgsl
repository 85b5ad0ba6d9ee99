// Merges the moments of runs into mean and inverse deviation, and updates the running statistics.
// One work-group per 8 channels: 8 invocations share a channel.
//#include lib/moments.wgsl
const SIZE = 64u;

struct P {
  pixels: u32, c: u32, run: u32, splits: u32, epsilon: f32, decay: f32, update: u32, running_at: u32,
}
@group(0) @binding(0) var<storage, read> part: array<f32>;
@group(0) @binding(1) var<storage, read_write> stats: array<f32>;
@group(0) @binding(2) var<storage, read_write> running: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

var<workgroup> shares: array<Moments, SIZE>;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let ch = group.x * 8u + local % 8u;
  let share = local / 8u;
  var all = Moments(0.0, 0.0, 0.0);
  if (ch < p.c) {
    for (var s = share; s < p.splits; s += 8u) {
      let n = f32(min(p.run, p.pixels - s * p.run));
      let at = s * 2u * p.c + ch;
      all = merge_moments(all, Moments(n, part[at], part[at + p.c]));
    }
  }
  shares[local] = all;
  workgroupBarrier();
  if (share != 0u || ch >= p.c) { return; }
  for (var s = 1u; s < 8u; s++) { all = merge_moments(all, shares[local + s * 8u]); }
  stats[ch] = all.mean;
  stats[p.c + ch] = 1.0 / sqrt(all.m2 / all.n + p.epsilon);
  if (p.update == 0u) { return; }
  let mean = p.running_at + ch;
  let variance = mean + p.c;
  running[mean] += (1.0 - p.decay) * (all.mean - running[mean]);
  running[variance] += (1.0 - p.decay) * (all.m2 / max(all.n - 1.0, 1.0) - running[variance]);
  if (ch == 0u) { running[p.running_at + 2u * p.c] += 1.0; }
}
