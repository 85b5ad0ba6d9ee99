// Gradients of instance norm by its weights: the sums of all images added up.
// One invocation per channel.
// No tile: each sum is read once.
// One loop per channel: sums in a fixed order, and there are few images.
//#include lib/norm_weights.wgsl
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P {
  images: u32, c: u32,
  gamma_to: u32, write_gamma: u32, add_gamma: u32, beta_to: u32, write_beta: u32, add_beta: u32, one_buffer: u32,
}
@group(0) @binding(0) var<storage, read> sums: array<f32>;
@group(0) @binding(1) var<storage, read_write> grad: array<f32>;
@group(0) @binding(2) var<storage, read_write> other: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let ch = thread(id, groups, SIZE);
  if (ch >= p.c) { return; }
  var dot = 0.0;
  var dy = 0.0;
  for (var image = 0u; image < p.images; image++) {
    dot += sums[2u * image * p.c + ch];
    dy += sums[(2u * image + 1u) * p.c + ch];
  }
  write_weight(ch, dot, dy);
}
