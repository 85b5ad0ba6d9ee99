// Layer norm: y = (x - mean) * inverse deviation * gamma + beta with the moments of one sample; gamma and beta
// have one element per element of a sample.
// One work-group per sample; neighbouring invocations take neighbouring elements.
// Work-group memory holds the moments of each invocation (lib/moments.wgsl, with a single channel group).
// The components of a vector have moments of their own, which are merged at the end.
//#include lib/moments.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
const SIZE: u32 = 64u;

// c and groups are 1, for lib/moments.wgsl; size is in vectors.
struct P { size: u32, c: u32, groups: u32, epsilon: f32, gamma_at: u32, beta_at: u32 }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> gamma: array<V>;
@group(0) @binding(2) var<storage, read> beta: array<V>;
@group(0) @binding(3) var<storage, read_write> stats: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<V>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let start = group.x * p.size;
  let all = group_moments(moments_of(start, local, p.size), local);
  // Averages over components; a scalar counts four times, as vec4f repeats it.
  let quarter = vec4f(0.25);
  let mean = dot(vec4f(all.mean), quarter);
  let apart = vec4f(all.mean) - mean;
  let variance = dot(vec4f(all.m2) / all.n + apart * apart, quarter);
  let inverse = 1.0 / sqrt(variance + p.epsilon);
  if (local == 0u) {
    stats[2u * group.x] = mean;
    stats[2u * group.x + 1u] = inverse;
  }
  for (var i = local; i < p.size; i += SIZE) {
    let scale = inverse * gamma[p.gamma_at / LANES + i];
    y[start + i] = (x[start + i] - mean) * scale + beta[p.beta_at / LANES + i];
  }
}
