// y = act(x) w over pixels, a slice of K input channels.
// One invocation per PIXELS pixels and Q vec4 of outputs.
// Weights are staged in work-group memory and read at literal indices, by straight-line code if an invocation
// has one pixel; few weights are kept in registers for a loop over pixels.
// The ways to write an output are overrides, not flags: a branch not taken costs software adapters as much as
// one that is. Sums of one pixel that are written in turns are kept in memory: with registers, a compiler for
// CPUs defers the additions until the sums are used, and spills each product until then.
//#include lib/index.wgsl
//#include lib/pixel.wgsl
//#include lib/relu.wgsl
alias V = vec4f;
override SIZE: u32 = 128u;
// Whether input pixels differ from output pixels: coordinates are multiplied and shifted.
override SAMPLED: bool = false;
// Whether the result is zero wherever `gate` is not positive.
override GATED: bool = false;
override ADD: bool = false;
// Whether a pixel's result goes to pixel (place, place) of a block of T × T, whose others get zero.
override SPREAD: bool = false;
// Whether outputs are written in turns by one piece of code: much less to compile.
override TURNS: bool = false;
const K4 = 8u;
const Q = 4u;
const PIXELS = 1u;
// Whether an invocation has several pixels.
const LOOP = false;
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

  let start = (group.x + group.y * groups.x) * (SIZE * PIXELS) + local;
  //#if LOOP
  var weights: array<vec4f, K4 * 4u * Q>;
  //#unroll k K4
  //#unroll c 4
  //#unroll q Q
  weights[($k * 4 + $c) * Q + $q] = tile[($k * 4 + $c) * Q + $q];
  //#end
  //#end
  //#end
  var row = start;
  loop {
  //#else
  let row = start;
  {
  //#end
    var place = Source(min(row, p.rows - 1u), true);
    if (SAMPLED) { place = source(row, p.rows, p.oh, p.ow, p.ih, p.iw, p.mul, 1u, p.shift); }
    let at = (place.row * p.ci + p.k0) / 4u;
    var a: array<vec4f, Q>;
    //#unroll k K4
    {
      var v = x[at + $k];
      v = relu_in(v, p.relu != 0u);
      if (SAMPLED) { v = select(vec4f(), v, place.live); }
      //#unroll q Q
      {
        var sum = a[$q];
        // Not every compiler initialises the variables of a loop anew.
        if ($k == 0) { sum = vec4f(); }
        //#unroll c 4
        //#if LOOP
        sum = fma(vec4f(v[$c]), weights[($k * 4 + $c) * Q + $q], sum);
        //#else
        sum = fma(vec4f(v[$c]), tile[($k * 4 + $c) * Q + $q], sum);
        //#end
        //#end
        a[$q] = sum;
      }
      //#end
    }
    //#end
    var pixel = row;
    var inside = row < p.rows;
    if (SPREAD) {
      let plane = row / p.ow;
      let corner = vec2u(row % p.ow, plane % p.oh) * T;
      let top = plane / p.oh * p.th;
      // Adding leaves the others as they are.
      if (!ADD) {
        for (var t = 0u; t < T * T; t++) {
          let to = corner + vec2u(t % T, t / T);
          let at = ((top + to.y) * p.tw + to.x) * co + first;
          if (inside && t != p.place * (T + 1u) && all(to < vec2u(p.tw, p.th))) {
            for (var q = 0u; q < min(Q, co - first); q++) { y[at + q] = vec4f(); }
          }
        }
      }
      let to = corner + p.place;
      inside = inside && all(to < vec2u(p.tw, p.th));
      pixel = (top + to.y) * p.tw + to.x;
    }
    let to = pixel * co + first;
    if (TURNS && inside) {
      let end = to + min(Q, co - first);
      var at = to;
      loop {
        //#if LOOP
        // Few sums stay in registers: cheaper than an array in memory.
        var v = a[0];
        //#unroll q Q
        v = select(v, a[$q], at == to + $q);
        //#end
        //#else
        var v = a[at - to];
        //#end
        if (GATED) { v = select(vec4f(), v, gate[at] > vec4f()); }
        if (ADD) { v += y[at]; }
        y[at] = v;
        continuing { at++; break if at >= end; }
      }
    }
    if (!TURNS && inside) {
      //#unroll q Q
      if (first + $q < co) {
        var v = a[$q];
        if (GATED) { v = select(vec4f(), v, gate[to + $q] > vec4f()); }
        if (ADD) { v += y[to + $q]; }
        y[to + $q] = v;
      }
      //#end
    }
    //#if LOOP
    continuing { row += SIZE; break if row >= min(start + SIZE * PIXELS, p.rows); }
    //#end
  }
}
