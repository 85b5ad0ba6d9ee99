// Weights of a 3 × 3 convolution for tiles of 2 × 2 outputs (Winograd's F(2×2, 3×3), Lavin and Gray 2015):
// u = G w Gᵀ, one matrix [ci, co] for each of 16 positions.
// One invocation per input channel and vec4 of outputs.
// A kernel of 3 × 3 taps is held in registers.
// Transforms are straight-line code: sums of literal positions.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

// `places` is 16: loops of constant length would be unrolled by drivers.
struct P { ci: u32, co: u32, w_at: u32, wi: u32, wo: u32, flip: u32, taps: u32, places: u32 }
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> u: array<vec4f>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let all = p.ci * p.co / 4u;
  if (i >= all) { return; }
  let start = p.w_at + i / (p.co / 4u) * p.wi + i % (p.co / 4u) * 4u * p.wo;
  var g: array<vec4f, 9>;
  for (var k = 0u; k < p.taps; k++) {
    let at = start + select(k, p.taps - 1u - k, p.flip != 0u) * p.ci * p.co;
    g[k] = vec4f(w[at], w[at + p.wo], w[at + 2u * p.wo], w[at + 3u * p.wo]);
  }
  var v: array<vec4f, 16>;
  //#unroll k 3
  let even$k = (g[$k] + g[6 + $k]) * 0.5;
  let odd$k = g[3 + $k] * 0.5;
  //#end
  v[0] = g[0];
  v[1] = (g[0] + g[1] + g[2]) * 0.5;
  v[2] = (g[0] - g[1] + g[2]) * 0.5;
  v[3] = g[2];
  v[12] = g[6];
  v[13] = (g[6] + g[7] + g[8]) * 0.5;
  v[14] = (g[6] - g[7] + g[8]) * 0.5;
  v[15] = g[8];
  v[4] = even0 + odd0;
  v[5] = (even0 + odd0 + even1 + odd1 + even2 + odd2) * 0.5;
  v[6] = (even0 + odd0 - even1 - odd1 + even2 + odd2) * 0.5;
  v[7] = even2 + odd2;
  v[8] = even0 - odd0;
  v[9] = (even0 - odd0 + even1 - odd1 + even2 - odd2) * 0.5;
  v[10] = (even0 - odd0 - even1 + odd1 + even2 - odd2) * 0.5;
  v[11] = even2 - odd2;
  for (var k = 0u; k < p.places; k++) { u[k * all + i] = v[k]; }
}
