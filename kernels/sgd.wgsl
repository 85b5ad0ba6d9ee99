// SGD with momentum over many tensors: g += 2·l2·w, clipped; m = momentum·m + g; w −= lr·m, or with
// Nesterov w −= lr·(g + momentum·m).
// One work-group per chunk (first element, length, tensor, flags).
// No tile: every weight is read once.
// A table of chunks: one dispatch for any number of tensors.
const SIZE: u32 = 64u;
const LIVE: u32 = 1u; // has a gradient in this step
const DECAYS: u32 = 2u; // takes part in the L2 term

struct P {
  n: u32, lr: f32, momentum: f32, l2: f32, nesterov: u32, clipped: u32, per_tensor: u32,
}
@group(0) @binding(0) var<storage, read> chunks: array<vec4u>;
@group(0) @binding(1) var<storage, read> grads: array<f32>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;
@group(0) @binding(3) var<storage, read_write> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> moments: array<f32>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = group.x + group.y * groups.x;
  if (index >= p.n) { return; }
  let chunk = chunks[index];
  let live = (chunk.w & LIVE) != 0u;
  let l2 = select(0.0, 2.0 * p.l2, (chunk.w & DECAYS) != 0u);
  var factor = 1.0;
  if (p.clipped != 0u && live) { factor = factors[chunk.z * p.per_tensor]; }
  for (var i = chunk.x + local; i < chunk.x + chunk.y; i += SIZE) {
    let w = weights[i];
    let g = factor * (select(0.0, grads[i], live) + l2 * w);
    let m = p.momentum * moments[i] + g;
    moments[i] = m;
    weights[i] = w - p.lr * select(m, g + p.momentum * m, p.nesterov != 0u);
  }
}
