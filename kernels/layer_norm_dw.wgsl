// Gradients of layer norm by its weights: sums over the samples of dy times the normalised x, and of dy.
// One invocation per element (or four neighbouring ones) of a sample.
// No tile: neighbouring invocations read neighbouring elements, each once.
// One loop over the samples: sums in a fixed order, and there are elements enough for every lane.
//#include lib/norm_weights.wgsl
//#include lib/index.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
override SIZE: u32 = 64u;

struct P {
  samples: u32, size: u32,
  gamma_to: u32, write_gamma: u32, add_gamma: u32, beta_to: u32, write_beta: u32, add_beta: u32, one_buffer: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> stats: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<V>;
@group(0) @binding(3) var<storage, read_write> grad: array<f32>;
@group(0) @binding(4) var<storage, read_write> other: array<f32>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.size) { return; }
  var product = V(0.0);
  var sum = V(0.0);
  for (var s = 0u; s < p.samples; s++) {
    let g = dy[s * p.size + i];
    product += g * (x[s * p.size + i] - stats[2u * s]) * stats[2u * s + 1u];
    sum += g;
  }
  for (var lane = 0u; lane < LANES; lane++) {
    write_weight(i * LANES + lane, vec4f(product)[lane], vec4f(sum)[lane]);
  }
}
