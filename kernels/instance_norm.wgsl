// Instance norm: y = (x - mean) * inverse deviation * gamma + beta with the moments of one image and channel,
// optionally max(y, 0), then optionally plus another tensor.
// One work-group per image (z) and p.groups channel groups; it sees all pixels.
// Work-group memory holds the moments of each invocation (lib/moments.wgsl).
// The functions of batch norm, given channel indices that begin at the image: one way to take moments.
//#include lib/moments.wgsl
//#include lib/relu.wgsl
//#include lib/batch_norm.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
const SIZE: u32 = 64u;

struct P {
  pixels: u32, c: u32, groups: u32, relu: u32, add: u32, epsilon: f32, gamma_at: u32, beta_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> gamma: array<V>;
@group(0) @binding(2) var<storage, read> beta: array<V>;
@group(0) @binding(3) var<storage, read> plus: array<V>;
@group(0) @binding(4) var<storage, read_write> stats: array<V>;
@group(0) @binding(5) var<storage, read_write> y: array<V>;
@group(0) @binding(6) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let ch = group.x * p.groups + local % p.groups;
  let first = local / p.groups;
  let at = group.z * p.pixels * p.c + ch;
  let its = channel_of(group_moments(moments_of(at, first, p.pixels), local), ch);
  if (ch >= p.c) { return; }
  if (local < p.groups) { keep_channel(its, group.z * 4u * p.c + ch); }
  normalise(its, at, first, p.pixels);
}
