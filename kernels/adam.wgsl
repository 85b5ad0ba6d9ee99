// Adam over many tensors (Kingma & Ba 2015, section 2, last paragraph: epsilon outside the bias
// correction), g += 2·l2·w.
// One work-group per chunk (first element, length, tensor, flags).
// No tile: every weight is read once.
// A table of chunks: one dispatch for any number of tensors.
const SIZE: u32 = 64u;
const DECAYS: u32 = 2u; // takes part in the L2 term

struct P {
  n: u32, lr: f32, beta1: f32, beta2: f32, epsilon: f32, l2: f32, clipped: u32, per_tensor: u32,
}
@group(0) @binding(0) var<storage, read> chunks: array<vec4u>;
@group(0) @binding(1) var<storage, read> grads: array<f32>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;
@group(0) @binding(3) var<storage, read_write> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> first: array<f32>;
@group(0) @binding(5) var<storage, read_write> second: array<f32>;
@group(0) @binding(6) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = group.x + group.y * groups.x;
  if (index >= p.n) { return; }
  let chunk = chunks[index];
  let l2 = select(0.0, 2.0 * p.l2, (chunk.w & DECAYS) != 0u);
  var factor = 1.0;
  if (p.clipped != 0u) { factor = factors[chunk.z * p.per_tensor]; }
  for (var i = chunk.x + local; i < chunk.x + chunk.y; i += SIZE) {
    let g = factor * (grads[i] + l2 * weights[i]);
    let m = p.beta1 * first[i] + (1.0 - p.beta1) * g;
    let v = p.beta2 * second[i] + (1.0 - p.beta2) * g * g;
    first[i] = m;
    second[i] = v;
    weights[i] -= p.lr * m / (sqrt(v) + p.epsilon);
  }
}
