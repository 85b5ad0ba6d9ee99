// Mean and sum of squared deviations of a run of pixels: the first half of batch norm where one work-group
// per channel group would take too long.
// One work-group per run and p.groups channel groups.
// Work-group memory holds the moments of each invocation (lib/moments.wgsl).
// Runs of pixels, merged by Chan's formula: exact where the mean is far above the deviation.
//#include lib/moments.wgsl
alias V = vec4f;
const SIZE: u32 = 64u;

struct P { pixels: u32, c: u32, groups: u32, run: u32 }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> partials: array<V>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let ch = group.x * p.groups + local % p.groups;
  let first = group.y * p.run + local / p.groups;
  let last = min((group.y + 1u) * p.run, p.pixels);
  let all = group_moments(moments_of(ch, first, last), local);
  if (local >= p.groups || ch >= p.c) { return; }
  partials[2u * group.y * p.c + ch] = all.mean;
  partials[(2u * group.y + 1u) * p.c + ch] = all.m2;
}
