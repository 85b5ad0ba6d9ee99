// y = act(x) ∗ w over a slice of input channels, output channels in fours: one invocation per T neighbouring
// pixels of an output row and Q vec4 of output channels. The weights are staged in workgroup memory.
//#include lib/index.wgsl
override SIZE: u32 = 64u;
const K = 3u;
const S = 1u;
const T = 8u;
const Q = 4u;
// Columns seen by T pixels: those that may lie outside the image to the left, never, to the right.
const LEFT = 1u;
const INNER = 8u;
const RIGHT = 1u;
// All accumulators but those of one pixel.
const REST = 28u;

// `k` and `pixels` are K and T: loops of constant length would be unrolled by drivers.
struct P {
  k: u32, pixels: u32,
  ih: u32, iw: u32, ci: u32, oh: u32, ow: u32, co: u32, rows: u32, tiles: u32, top: i32, left: i32,
  c0: u32, depth: u32, w_at: u32, wi: u32, wo: u32, flip: u32, relu: u32, gated: u32, add: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> gate: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<uniform> p: P;

var<workgroup> tile: array<vec4f, 1024>;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let first = group.z * Q;
  for (var j = local; j < p.depth * K * K * Q; j += SIZE) {
    let tap = j / Q % (K * K);
    let o = (first + j % Q) * 4u;
    let at = p.w_at + select(tap, K * K - 1u - tap, p.flip != 0u) * p.ci * p.co +
      (p.c0 + j / (K * K * Q)) * p.wi + o * p.wo;
    var v = vec4f();
    if (o < p.co) { v = vec4f(w[at], w[at + p.wo], w[at + 2u * p.wo], w[at + 3u * p.wo]); }
    tile[j] = v;
  }
  workgroupBarrier();

  let i = thread(id, groups, SIZE);
  let row = i / p.tiles;
  if (row >= p.rows) { return; }
  let start = i % p.tiles * T;
  // The last tile ends with the row; pixels it shares with the one before are left to that one.
  let ox = min(start, p.ow - T);
  let column = i32(ox * S) - p.left;
  // Not max(), which may turn NaN into a number.
  let least = select(-3.4028234e38, 0.0, p.relu != 0u);
  var a: array<vec4f, T * Q>;
  for (var ky = 0u; ky < p.k; ky++) {
    let iy = i32(row % p.oh * S + ky) - p.top;
    if (iy < 0i || iy >= i32(p.ih)) { continue; }
    let line = i32((row / p.oh * p.ih + u32(iy)) * p.iw) + column;
    for (var c = 0u; c < p.depth; c++) {
      let at = line * i32(p.ci) + i32(p.c0 + c);
      var v: array<f32, LEFT + INNER + RIGHT>;
      //#unroll l LEFT
      v[$l] = select(0.0, x[max(at + i32($l * p.ci), 0i)], u32(column + $l) < p.iw);
      v[$l] = select(v[$l], least, v[$l] < least);
      //#end
      //#unroll l INNER
      v[LEFT + $l] = x[at + i32((LEFT + $l) * p.ci)];
      v[LEFT + $l] = select(v[LEFT + $l], least, v[LEFT + $l] < least);
      //#end
      //#unroll l RIGHT
      {
        const L = LEFT + INNER + $l;
        v[L] = select(0.0, x[max(at + i32(L * p.ci), 0i)], u32(column + i32(L)) < p.iw);
        v[L] = select(v[L], least, v[L] < least);
      }
      //#end
      //#unroll k K
      //#unroll q Q
      {
        let t = tile[(c * K * K + ky * K + $k) * Q + $q];
        //#unroll t T
        a[$t * Q + $q] = fma(vec4f(v[$t * S + $k]), t, a[$t * Q + $q]);
        //#end
      }
      //#end
      //#end
    }
  }
  // A loop that moves the accumulators along: T copies of the stores would take long to compile.
  for (var t = 0u; t < p.pixels; t++) {
    if (ox + t >= start) {
      let to = (row * p.ow + ox + t) * (p.co / 4u) + first;
      //#unroll q Q
      if ((first + $q) * 4u < p.co) {
        var v = a[$q];
        if (p.gated != 0u) { v = select(vec4f(), v, gate[to + $q] > vec4f()); }
        if (p.add != 0u) { v += y[to + $q]; }
        y[to + $q] = v;
      }
      //#end
    }
    //#unroll l REST
    a[$l] = a[$l + Q];
    //#end
  }
}
