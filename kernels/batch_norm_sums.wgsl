// Sums over a run of pixels that the gradients of batch norm need: the first half of its backward pass
// where one work-group per channel group would take too long.
// One work-group per run and p.groups channel groups.
// Work-group memory holds the sums of each invocation (lib/batch_norm_sums.wgsl).
// Sums in a fixed order in place of atomics: same bits each time.
//#include lib/batch_norm_sums.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
const SIZE: u32 = 64u;

struct P { pixels: u32, c: u32, groups: u32, run: u32, relu: u32 }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read> stats: array<V>;
@group(0) @binding(3) var<storage, read_write> partials: array<V>;
@group(0) @binding(4) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let ch = group.x * p.groups + local % p.groups;
  let first = group.y * p.run + local / p.groups;
  let last = min((group.y + 1u) * p.run, p.pixels);
  let all = group_sums(sums_of(channel(ch), ch, first, last), local);
  if (local >= p.groups || ch >= p.c) { return; }
  partials[2u * group.y * p.c + ch] = all.dy;
  partials[(2u * group.y + 1u) * p.c + ch] = all.dot;
}
