// y = (x - mean) * inverse deviation * gamma + beta, optionally max(y, 0).
// One invocation per 16 pixels of a channel group, so that its statistics are loaded once.
//#include lib/index.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
override SIZE: u32 = 64u;

struct P { pixels: u32, c: u32, relu: u32, gamma_at: u32, beta_at: u32 }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> stats: array<V>;
@group(0) @binding(2) var<storage, read> gamma: array<V>;
@group(0) @binding(3) var<storage, read> beta: array<V>;
@group(0) @binding(4) var<storage, read_write> y: array<V>;
@group(0) @binding(5) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let first = i / p.c * 16u;
  if (first >= p.pixels) { return; }
  let mean = stats[ch];
  let scale = stats[p.c + ch] * gamma[p.gamma_at / LANES + ch];
  let shift = beta[p.beta_at / LANES + ch];
  // Not max(), which may turn NaN into a number.
  let least = select(V(-3.4028234e38), V(0.0), p.relu != 0u);
  let at = first * p.c + ch;
  //#unroll u 16
  if (first + $u < p.pixels) {
    let v = (x[at + $u * p.c] - mean) * scale + shift;
    y[at + $u * p.c] = select(v, least, v < least);
  }
  //#end
}
