// Gradient of instance norm by its input, and the sums over each image that the gradients of its weights need.
// One work-group per image (z) and p.groups channel groups; it sees all pixels.
// Work-group memory holds the sums of each invocation (lib/batch_norm_sums.wgsl).
// The functions of batch norm, given channel indices that begin at the image: one way to take sums.
//#include lib/batch_norm_sums.wgsl
//#include lib/batch_norm_dx.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
const SIZE: u32 = 64u;

struct P {
  pixels: u32, c: u32, groups: u32, relu: u32, constant_stats: u32, write_dx: u32, add: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read> stats: array<V>;
@group(0) @binding(3) var<storage, read_write> sums: array<V>;
@group(0) @binding(4) var<storage, read_write> dx: array<V>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let ch = group.x * p.groups + local % p.groups;
  let first = local / p.groups;
  let at = group.z * p.pixels * p.c + ch;
  let its = channel(group.z * 4u * p.c + ch);
  let all = group_sums(sums_of(its, at, first, p.pixels), local);
  if (ch >= p.c) { return; }
  if (local < p.groups) {
    sums[2u * group.z * p.c + ch] = all.dot;
    sums[(2u * group.z + 1u) * p.c + ch] = all.dy;
  }
  if (p.write_dx != 0u) { write_dx(its, all, at, first, p.pixels); }
}
