// y = act(x) w over pixels, a slice of K input channels: PIXELS pixels and Q vec4 of outputs per invocation.
// Weights are staged in workgroup memory and read at literal indices in straight-line code. What the form
// of an output is made of are overrides, not flags: a branch not taken costs software adapters as much as one
// that is.
//#include lib/index.wgsl
//#include lib/pixel.wgsl
override SIZE: u32 = 128u;
// Input pixels are not the output's own: coordinates are multiplied and shifted.
override SAMPLED: bool = false;
// The result counts as zero where `gate` is not positive.
override GATED: bool = false;
override ADD: bool = false;
// Every pixel's result goes to pixel (place, place) of a block of T × T, the others get zero.
override SPREAD: bool = false;
const K4 = 8u;
const Q = 4u;
const PIXELS = 1u;
const T = 1u;

struct P {
  rows: u32, oh: u32, ow: u32, ih: u32, iw: u32, mul: u32, shift: i32,
  ci: u32, co: u32, k0: u32, skip: u32, w_at: u32, wk: u32, wn: u32, relu: u32,
  place: u32, th: u32, tw: u32,
}
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<uniform> p: P;

var<workgroup> tile: array<vec4f, K4 * 4u * Q>;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(local_invocation_index) local: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let first = group.z * Q;
  let co = p.co / 4u;
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

  // Not max(), which may turn NaN into a number.
  let least = vec4f(select(-3.4028234e38, 0.0, p.relu != 0u));
  let start = (group.x + group.y * groups.x) * (SIZE * PIXELS) + local;
  //#unroll i PIXELS
  {
    let row = start + $i * SIZE;
    var place = Source(min(row, p.rows - 1u), true);
    if (SAMPLED) { place = source(row, p.rows, p.oh, p.ow, p.ih, p.iw, p.mul, 1u, p.shift); }
    let at = (place.row * p.ci + p.k0) / 4u;
    //#unroll q Q
    var a$q = vec4f();
    //#end
    //#unroll k K4
    {
      var v = x[at + $k];
      v = select(v, least, v < least);
      if (SAMPLED) { v = select(vec4f(), v, place.live); }
      //#unroll c 4
      //#unroll q Q
      a$q = fma(vec4f(v[$c]), tile[($k * 4 + $c) * Q + $q], a$q);
      //#end
      //#end
    }
    //#end
    if (SPREAD) {
      let plane = row / p.ow;
      let corner = vec2u(row % p.ow, plane % p.oh) * T;
      let top = plane / p.oh * p.th;
      if (GATED) {
        let to = min(corner + vec2u(p.place), vec2u(p.tw, p.th) - 1u);
        let pixel = ((top + to.y) * p.tw + to.x) * co + first;
        //#unroll q Q
        a$q = select(vec4f(), a$q, gate[pixel + min($q, co - 1u - first)] > vec4f());
        //#end
      }
      // Adding leaves the others as they are.
      for (var t = select(0u, p.place * (T + 1u), ADD); t < select(T * T, p.place * (T + 1u) + 1u, ADD); t++) {
        let here = t == p.place * (T + 1u);
        let to = corner + vec2u(t % T, t / T);
        let pixel = ((top + to.y) * p.tw + to.x) * co + first;
        if (row < p.rows && all(to < vec2u(p.tw, p.th))) {
          //#unroll q Q
          if (first + $q < co) {
            var v = select(vec4f(), a$q, here);
            if (ADD) { v += y[pixel + $q]; }
            y[pixel + $q] = v;
          }
          //#end
        }
      }
    } else if (row < p.rows) {
      let to = row * co + first;
      //#unroll q Q
      if (first + $q < co) {
        if (GATED) { a$q = select(vec4f(), a$q, gate[to + $q] > vec4f()); }
        if (ADD) { a$q += y[to + $q]; }
        y[to + $q] = a$q;
      }
      //#end
    }
  }
  //#end
}
