// Adds up the sums of all runs: the gradients of beta and gamma (in one buffer, each where it is wanted).
// One work-group per 8 channels: 8 invocations share a channel.
const SIZE = 64u;

struct P {
  c: u32, splits: u32,
  gamma_to: u32, write_gamma: u32, add_gamma: u32,
  beta_to: u32, write_beta: u32, add_beta: u32,
}
@group(0) @binding(0) var<storage, read> part: array<f32>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
@group(0) @binding(2) var<storage, read_write> grad: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

var<workgroup> shares: array<vec2f, SIZE>;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let ch = group.x * 8u + local % 8u;
  let share = local / 8u;
  var all = vec2f();
  if (ch < p.c) {
    for (var s = share; s < p.splits; s += 8u) {
      let at = s * 2u * p.c + ch;
      all += vec2f(part[at], part[at + p.c]);
    }
  }
  shares[local] = all;
  workgroupBarrier();
  if (share != 0u || ch >= p.c) { return; }
  for (var s = 1u; s < 8u; s++) { all += shares[local + s * 8u]; }
  sums[ch] = all.x;
  sums[p.c + ch] = all.y;
  if (p.write_beta != 0u) {
    let old = select(0.0, grad[p.beta_to + ch], p.add_beta != 0u);
    grad[p.beta_to + ch] = old + all.x;
  }
  if (p.write_gamma != 0u) {
    let old = select(0.0, grad[p.gamma_to + ch], p.add_gamma != 0u);
    grad[p.gamma_to + ch] = old + all.y;
  }
}
