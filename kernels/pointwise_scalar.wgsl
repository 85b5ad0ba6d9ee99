// y = act(x) w over pixels, a slice of input channels, any channel counts.
// One invocation per pixel and Q × 4 outputs.
// Weights of the slice are staged in work-group memory, sums in registers.
// The path for channels that do not divide by four; also transposed, by `div`.
//#include lib/index.wgsl
//#include lib/pixel.wgsl
//#include lib/relu.wgsl
alias V = f32;
override SIZE: u32 = 128u;
const Q = 4u;
const TILE = 512u;

struct P {
  rows: u32, oh: u32, ow: u32, ih: u32, iw: u32, mul: u32, div: u32, shift: i32,
  ci: u32, co: u32, k0: u32, k: u32, w_at: u32, wk: u32, wn: u32,
  relu: u32, gated: u32, add: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: P;

var<workgroup> tile: array<vec4f, TILE>;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let first = group.z * Q * 4u;
  for (var i = local; i < p.k * Q; i += SIZE) {
    let at = p.w_at + (p.k0 + i / Q) * p.wk;
    let n = first + i % Q * 4u;
    var v = vec4f();
    for (var c = 0u; c < 4u; c++) {
      if (n + c < p.co) { v[c] = w[at + (n + c) * p.wn]; }
    }
    tile[i] = v;
  }
  workgroupBarrier();

  let row = thread(id, groups, SIZE);
  let place = source(row, p.rows, p.oh, p.ow, p.ih, p.iw, p.mul, p.div, p.shift);
  let at = place.row * p.ci + p.k0;
  //#unroll q Q
  var a$q = vec4f();
  //#end
  let depth = select(0u, p.k, place.live);
  for (var k = 0u; k < depth; k++) {
    var v = x[at + k];
    v = relu_in(v, p.relu != 0u);
    //#unroll q Q
    a$q = fma(vec4f(v), tile[k * Q + $q], a$q);
    //#end
  }
  if (row >= p.rows) { return; }
  //#unroll q Q
  //#unroll c 4
  if (first + $q * 4 + $c < p.co) {
    let to = row * p.co + first + $q * 4 + $c;
    var v = a$q[$c];
    if (p.gated != 0u) { v = select(0.0, v, gate[to] > 0.0); }
    if (p.add != 0u) { v += y[to]; }
    y[to] = v;
  }
  //#end
  //#end
}
