// Batch norm in one pass over channel groups: moments of all pixels, then y = (x - mean) * inverse deviation *
// gamma + beta, optionally max(y, 0). One work-group per p.groups channel groups.
//#include lib/moments.wgsl
//#include lib/batch_norm.wgsl
//#include lib/batch_norm_update.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
const SIZE: u32 = 64u;

struct P {
  pixels: u32, c: u32, groups: u32, relu: u32, epsilon: f32, decay: f32, update: u32,
  running_at: u32, gamma_at: u32, beta_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> gamma: array<V>;
@group(0) @binding(2) var<storage, read> beta: array<V>;
@group(0) @binding(3) var<storage, read_write> running: array<f32>;
@group(0) @binding(4) var<storage, read_write> stats: array<V>;
@group(0) @binding(5) var<storage, read_write> y: array<V>;
@group(0) @binding(6) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let ch = group.x * p.groups + local % p.groups;
  let first = local / p.groups;
  let all = group_moments(moments_of(ch, first, p.pixels), local);
  let its = channel_of(all, ch);
  if (local < p.groups) {
    keep_channel(its, ch);
    if (p.update != 0u) { update_running(all, ch); }
  }
  normalise(its, ch, first, p.pixels);
}
