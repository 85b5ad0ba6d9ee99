// Gradient of layer norm by its input: with g = dy * gamma and n = the normalised x,
// dx = inverse * (g - mean of g - n * mean of g n), means over the sample.
// One work-group per sample; neighbouring invocations take neighbouring elements.
// Work-group memory holds one partial sum per invocation (lib/group_sum.wgsl).
// Two passes over the sample: nothing but its two sums needs memory.
//#include lib/group_sum.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
const SIZE: u32 = 64u;

struct P { size: u32, add: u32, gamma_at: u32 }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> gamma: array<V>;
@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<V>;
@group(0) @binding(4) var<storage, read_write> dx: array<V>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let start = group.x * p.size;
  let mean = stats[2u * group.x];
  let inverse = stats[2u * group.x + 1u];
  var sum = V(0.0);
  var product = V(0.0);
  for (var i = local; i < p.size; i += SIZE) {
    let g = dy[start + i] * gamma[p.gamma_at / LANES + i];
    sum += g;
    product += g * (x[start + i] - mean);
  }
  // Averages over components: vec4f repeats a scalar.
  let quarter = vec4f(0.25);
  let of_g = group_sum(dot(vec4f(sum), quarter), local) / f32(p.size);
  let of_gn = group_sum(dot(vec4f(product), quarter), local) * inverse / f32(p.size);
  for (var i = local; i < p.size; i += SIZE) {
    let g = dy[start + i] * gamma[p.gamma_at / LANES + i];
    var v = inverse * (g - of_g - (x[start + i] - mean) * inverse * of_gn);
    if (p.add != 0u) { v += dx[start + i]; }
    dx[start + i] = v;
  }
}
