// Gradients of batch norm by its weights and by its input in one pass over channel groups.
// One work-group per p.groups channel groups.
//#include lib/batch_norm_sums.wgsl
//#include lib/batch_norm_dx.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
const SIZE: u32 = 64u;

struct P {
  pixels: u32, c: u32, groups: u32, relu: u32, constant_stats: u32, write_dx: u32, add: u32,
  gamma_to: u32, write_gamma: u32, add_gamma: u32, beta_to: u32, write_beta: u32, add_beta: u32, one_buffer: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read> stats: array<V>;
@group(0) @binding(3) var<storage, read_write> dx: array<V>;
@group(0) @binding(4) var<storage, read_write> grad: array<f32>;
@group(0) @binding(5) var<storage, read_write> other: array<f32>;
@group(0) @binding(6) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let ch = group.x * p.groups + local % p.groups;
  let first = local / p.groups;
  let its = channel(ch);
  let all = group_sums(sums_of(its, ch, first, p.pixels), local);
  if (local < p.groups) { write_weights(all, ch); }
  if (p.write_dx != 0u) { write_dx(its, all, ch, first, p.pixels); }
}
