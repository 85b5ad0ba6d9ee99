// bits = counter-based random bits; sums = per group, the sum of them as fractions.
// One invocation per element.
// Work-group memory holds one partial sum per invocation (lib/group_sum.wgsl).
// Uses the features of other kernels: integers, floats, shared memory, several work-groups.
//#include lib/random.wgsl
//#include lib/group_sum.wgsl
const SIZE: u32 = 256u;

struct P { seed: u32 }
@group(0) @binding(0) var<storage, read_write> bits: array<u32>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = group.x * SIZE + local;
  bits[i] = random_bits(p.seed, 1u, 2u, i);
  let total = group_sum(uniform01(p.seed, 1u, 2u, i), local);
  if (local == 0u) { sums[group.x] = total; }
}
