// Gradients of batch norm by its weights and by its input from sums over pixels: those of p.splits runs,
// which every work-group adds up for itself; without splits it sees all pixels.
// One work-group per run and p.groups channel groups.
// Work-group memory holds the sums of each invocation (lib/batch_norm_sums.wgsl).
// Sums in a fixed order in place of atomics: same bits each time.
//#include lib/batch_norm_sums.wgsl
//#include lib/batch_norm_dx.wgsl
//#include lib/norm_weights.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
const SIZE: u32 = 64u;

struct P {
  pixels: u32, c: u32, groups: u32, run: u32, splits: u32, relu: u32, constant_stats: u32, write_dx: u32, add: u32,
  gamma_to: u32, write_gamma: u32, add_gamma: u32, beta_to: u32, write_beta: u32, add_beta: u32, one_buffer: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read> stats: array<V>;
@group(0) @binding(3) var<storage, read> partials: array<V>;
@group(0) @binding(4) var<storage, read_write> dx: array<V>;
@group(0) @binding(5) var<storage, read_write> grad: array<f32>;
@group(0) @binding(6) var<storage, read_write> other: array<f32>;
@group(0) @binding(7) var<uniform> p: P;

// Writes the gradients of the weights from the results of group_sums, one channel per invocation.
fn write_weights(first: u32, local: u32) {
  for (var i = local; i < min(p.groups, p.c - first) * LANES; i += SIZE) {
    let all = shares[i / LANES];
    write_weight(first * LANES + i, vec4f(all.dot)[i % LANES], vec4f(all.dy)[i % LANES]);
  }
}

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let ch = group.x * p.groups + local % p.groups;
  let first = group.y * p.run + local / p.groups;
  let its = channel(ch);
  var mine = Sums(V(0.0), V(0.0));
  if (p.splits == 0u) { mine = sums_of(its, ch, first, p.pixels); }
  for (var s = local / p.groups; s < p.splits; s += SIZE / p.groups) {
    mine = Sums(mine.dy + partials[2u * s * p.c + ch], mine.dot + partials[(2u * s + 1u) * p.c + ch]);
  }
  let all = group_sums(mine, local);
  if (group.y == 0u) { write_weights(group.x * p.groups, local); }
  if (p.write_dx != 0u && ch < p.c) { write_dx(its, all, ch, first, min((group.y + 1u) * p.run, p.pixels)); }
}
