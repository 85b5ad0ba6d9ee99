// Sums over a run of pixels of dy and of dy times the normalised x: what the gradients of batch norm need.
// One invocation per run and channel group.
//#include lib/index.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
override SIZE: u32 = 64u;

struct P { pixels: u32, c: u32, run: u32, relu: u32, gamma_at: u32, beta_at: u32 }
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read> stats: array<V>;
@group(0) @binding(3) var<storage, read> gamma: array<V>;
@group(0) @binding(4) var<storage, read> beta: array<V>;
@group(0) @binding(5) var<storage, read_write> part: array<V>;
@group(0) @binding(6) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let split = i / p.c;
  let first = split * p.run;
  if (first >= p.pixels) { return; }
  let last = min(first + p.run, p.pixels);
  let mean = stats[ch];
  let inverse = stats[p.c + ch];
  let scale = inverse * gamma[p.gamma_at / LANES + ch];
  let shift = beta[p.beta_at / LANES + ch];
  // Without ReLU every value is above: no branch is needed.
  let least = select(V(-3.4028234e38), V(0.0), p.relu != 0u);
  var sum = V(0.0);
  var dot = V(0.0);
  var at = first * p.c + ch;
  var q = first;
  for (; q + 4u <= last; q += 4u) {
    //#unroll u 4
    let d$u = x[at + $u * p.c] - mean;
    let g$u = select(V(0.0), dy[at + $u * p.c], d$u * scale + shift > least);
    //#end
    sum += (g0 + g1) + (g2 + g3);
    dot += (g0 * d0 + g1 * d1) + (g2 * d2 + g3 * d3);
    at += 4u * p.c;
  }
  for (; q < last; q++) {
    let d = x[at] - mean;
    let g = select(V(0.0), dy[at], d * scale + shift > least);
    sum += g;
    dot += g * d;
    at += p.c;
  }
  part[split * 2u * p.c + ch] = sum;
  part[(split * 2u + 1u) * p.c + ch] = dot * inverse;
}
