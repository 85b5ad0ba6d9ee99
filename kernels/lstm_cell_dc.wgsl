// Gradient of the LSTM cell by its previous cell state.
// One invocation per unit.
// No tile: every element is read once.
// Plain code: a few thousand elements at most.
//#include lib/index.wgsl
//#include lib/math.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, hidden: u32, has_dh: u32, has_dc: u32, add: u32 }
@group(0) @binding(0) var<storage, read> gates: array<f32>;
@group(0) @binding(1) var<storage, read> c_new: array<f32>;
@group(0) @binding(2) var<storage, read> dh: array<f32>;
@group(0) @binding(3) var<storage, read> dc: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let start = (i / p.hidden) * 4u * p.hidden + i % p.hidden;
  let gate_f = sigmoid(gates[start + p.hidden]);
  let gate_o = sigmoid(gates[start + 2u * p.hidden]);
  let t = bounded_tanh(c_new[i]);
  let to_h = select(0.0, dh[i], p.has_dh != 0u);
  let to_c = select(0.0, dc[i], p.has_dc != 0u) + to_h * gate_o * (1.0 - t * t);
  var g = to_c * gate_f;
  if (p.add != 0u) { g += dx[i]; }
  dx[i] = g;
}
