// Gradient of batch norm by its input; constant statistics leave out the terms of the sums.
// One invocation per 8 pixels of a channel group.
//#include lib/index.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
override SIZE: u32 = 64u;

struct P {
  pixels: u32, c: u32, relu: u32, constant_stats: u32, add: u32, gamma_at: u32, beta_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read> stats: array<V>;
@group(0) @binding(3) var<storage, read> sums: array<V>;
@group(0) @binding(4) var<storage, read> gamma: array<V>;
@group(0) @binding(5) var<storage, read> beta: array<V>;
@group(0) @binding(6) var<storage, read_write> dx: array<V>;
@group(0) @binding(7) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let first = i / p.c * 8u;
  if (first >= p.pixels) { return; }
  let mean = stats[ch];
  let inverse = stats[p.c + ch];
  let scale = inverse * gamma[p.gamma_at / LANES + ch];
  let shift = beta[p.beta_at / LANES + ch];
  let weight = select(1.0 / f32(p.pixels), 0.0, p.constant_stats != 0u);
  let offset = sums[ch] * weight;
  let slope = sums[p.c + ch] * inverse * weight;
  let least = select(V(-3.4028234e38), V(0.0), p.relu != 0u);
  let at = first * p.c + ch;
  //#unroll u 8
  if (first + $u < p.pixels) {
    let d = x[at + $u * p.c] - mean;
    let g = select(V(0.0), dy[at + $u * p.c], d * scale + shift > least);
    var v = scale * (g - offset - d * slope);
    if (p.add != 0u) { v += dx[at + $u * p.c]; }
    dx[at + $u * p.c] = v;
  }
  //#end
}
