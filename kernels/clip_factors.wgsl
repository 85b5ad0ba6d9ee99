// factor = min(1, bound / norm) of ranges of sums of squares (first, number).
// One work-group per range.
// Work-group memory holds one partial sum per invocation (lib/group_sum.wgsl).
// A tree in a fixed order in place of atomics: same bits each time.
//#include lib/group_sum.wgsl
const SIZE: u32 = 64u;

struct P { n: u32, bound: f32 }
@group(0) @binding(0) var<storage, read> ranges: array<vec2u>;
@group(0) @binding(1) var<storage, read> squares: array<f32>;
@group(0) @binding(2) var<storage, read_write> factors: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = group.x + group.y * groups.x;
  let range = ranges[min(index, p.n - 1u)];
  var sum = 0.0;
  for (var i = range.x + local; i < range.x + range.y; i += SIZE) { sum += squares[i]; }
  let norm = sqrt(group_sum(sum, local));
  if (local == 0u && index < p.n) { factors[index] = p.bound / max(norm, p.bound); }
}
