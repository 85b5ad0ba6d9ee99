// y = act(x) w over pixels, a slice of K input channels: one invocation per pixel and Q vec4 of outputs.
// Weights are staged in workgroup memory and read at literal indices in straight-line code.
//#include lib/index.wgsl
//#include lib/pixel.wgsl
override SIZE: u32 = 128u;
const K4 = 8u;
const Q = 4u;

struct P {
  rows: u32, oh: u32, ow: u32, ih: u32, iw: u32, mul: u32, div: u32, shift: i32,
  ci: u32, co: u32, k0: u32, skip: u32, w_at: u32, wk: u32, wn: u32,
  relu: u32, gated: u32, add: u32,
}
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<uniform> p: P;

var<workgroup> tile: array<vec4f, K4 * 4u * Q>;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let first = group.z * Q;
  for (var i = local; i < K4 * 4u * Q; i += SIZE) {
    let k = i / Q;
    let n = (first + i % Q) * 4u;
    var v = vec4f();
    if (k >= p.skip && n < p.co) {
      let at = p.w_at + (p.k0 + k) * p.wk + n * p.wn;
      v = vec4f(w[at], w[at + p.wn], w[at + 2u * p.wn], w[at + 3u * p.wn]);
    }
    tile[i] = v;
  }
  workgroupBarrier();

  let row = thread(id, groups, SIZE);
  let place = source(row, p.rows, p.oh, p.ow, p.ih, p.iw, p.mul, p.div, p.shift);
  let live = place.live;
  // Not max(), which may turn NaN into a number.
  let least = vec4f(select(-3.4028234e38, 0.0, p.relu != 0u));
  let at = (place.row * p.ci + p.k0) / 4u;
  //#unroll q Q
  var a$q = vec4f();
  //#end
  //#unroll k K4
  {
    var v = x[at + $k];
    v = select(v, least, v < least);
    v = select(vec4f(), v, live);
    //#unroll c 4
    //#unroll q Q
    a$q = fma(vec4f(v[$c]), tile[($k * 4 + $c) * Q + $q], a$q);
    //#end
    //#end
  }
  //#end
  if (row < p.rows) {
    //#unroll q Q
    if ((first + $q) * 4u < p.co) {
      let to = row * (p.co / 4u) + first + $q;
      if (p.gated != 0u) { a$q = select(vec4f(), a$q, gate[to] > vec4f()); }
      if (p.add != 0u) { a$q += y[to]; }
      y[to] = a$q;
    }
    //#end
  }
}
