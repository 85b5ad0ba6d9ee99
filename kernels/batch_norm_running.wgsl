// Batch norm by running statistics, optionally plus another tensor; before their first update mean 0,
// variance 1.
// One work-group per run of pixels and p.groups channel groups.
// No tile: statistics are read once per work-group.
// Same grid as the other batch norms: one way to divide pixels and channels.
//#include lib/moments.wgsl
//#include lib/relu.wgsl
//#include lib/batch_norm.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
const SIZE: u32 = 64u;

struct P {
  pixels: u32, c: u32, groups: u32, run: u32, relu: u32, add: u32, epsilon: f32, decay: f32, debias: u32,
  running_at: u32, gamma_at: u32, beta_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> gamma: array<V>;
@group(0) @binding(2) var<storage, read> beta: array<V>;
@group(0) @binding(3) var<storage, read> running: array<V>;
@group(0) @binding(4) var<storage, read> plus: array<V>;
@group(0) @binding(5) var<storage, read_write> stats: array<V>;
@group(0) @binding(6) var<storage, read_write> y: array<V>;
@group(0) @binding(7) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let ch = group.x * p.groups + local % p.groups;
  let start = p.running_at / LANES;
  var all = Moments(1.0, running[start + ch], running[start + p.c + ch]);
  if (p.debias != 0u) {
    let updates = vec4f(running[start + 2u * p.c]).x;
    let seen = 1.0 - pow(p.decay, updates);
    all.mean = select(V(0.0), all.mean / seen, updates > 0.0);
    all.m2 = select(V(1.0), all.m2 / seen, updates > 0.0);
  }
  let its = channel_of(all, ch);
  if (group.y == 0u && local < p.groups && ch < p.c) { keep_channel(its, ch); }
  let first = group.y * p.run + local / p.groups;
  if (ch < p.c) { normalise(its, ch, first, min((group.y + 1u) * p.run, p.pixels)); }
}
