// bit = 1 with probability σ(2q), the softmax of (−q, q).
// One invocation per bit.
// No tile: every element is read once.
// Plain code: a few thousand elements at most.
//#include lib/index.wgsl
//#include lib/math.wgsl
//#include lib/random.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, seed: u32, stream: u32, step: u32 }
@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read_write> bits: array<u32>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  bits[i] = u32(uniform01(p.seed, p.stream, p.step, i) < sigmoid(2.0 * q[i]));
}
