// c' = σ(i)·tanh(g) + σ(f)·c; h' = σ(o)·tanh(c'); gates in the order i, f, o, g.
// One invocation per unit.
// No tile: every element is read once.
// Plain code: a few thousand elements at most.
//#include lib/index.wgsl
//#include lib/math.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, hidden: u32 }
@group(0) @binding(0) var<storage, read> gates: array<f32>;
@group(0) @binding(1) var<storage, read> c: array<f32>;
@group(0) @binding(2) var<storage, read_write> h_new: array<f32>;
@group(0) @binding(3) var<storage, read_write> c_new: array<f32>;
@group(0) @binding(4) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let row = i / p.hidden;
  let start = row * 4u * p.hidden + i % p.hidden;
  let gate_i = sigmoid(gates[start]);
  let gate_f = sigmoid(gates[start + p.hidden]);
  let gate_o = sigmoid(gates[start + 2u * p.hidden]);
  let g = bounded_tanh(gates[start + 3u * p.hidden]);
  let next = gate_i * g + gate_f * c[i];
  c_new[i] = next;
  h_new[i] = gate_o * bounded_tanh(next);
}
