// y = act(x) ∗ w, any channel counts: one invocation per T neighbouring pixels of an output row and Q × 4
// output channels. One kernel row of weights for `chunk` input channels is staged in workgroup memory.
//#include lib/index.wgsl
override SIZE: u32 = 64u;
const K = 3u;
const S = 1u;
const T = 8u;
const Q = 4u;
// Columns of the window of T pixels that may lie outside the image to the left, never, to the right.
const LEFT = 1u;
const INNER = 8u;
const RIGHT = 1u;
const WINDOW = 10u;
const TILE = 512u;

struct P {
  ih: u32, iw: u32, ci: u32, oh: u32, ow: u32, co: u32, rows: u32, tiles: u32, top: i32, left: i32,
  chunk: u32, w_at: u32, wi: u32, wo: u32, flip: u32, relu: u32, gated: u32, add: u32,
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
  let first = group.z * Q;
  let i = thread(id, groups, SIZE);
  let row = i / p.tiles;
  let start = i % p.tiles * T;
  // The last tile ends with the row; pixels it shares with the one before are left to that one.
  let ox = min(start, p.ow - T);
  let top = i32(row % p.oh * S) - p.top;
  let column = i32(ox * S) - p.left;
  let relu = p.relu != 0u;
  var a: array<vec4f, T * Q>;
  for (var c0 = 0u; c0 < p.ci; c0 += p.chunk) {
    let depth = min(p.chunk, p.ci - c0);
    for (var ky = 0u; ky < K; ky++) {
      workgroupBarrier();
      for (var j = local; j < depth * K * Q; j += SIZE) {
        let kx = j / Q % K;
        let o = (first + j % Q) * 4u;
        let tap = select(ky * K + kx, K * K - 1u - ky * K - kx, p.flip != 0u);
        let at = p.w_at + tap * p.ci * p.co + (c0 + j / (K * Q)) * p.wi + o * p.wo;
        var v = vec4f();
        for (var n = 0u; n < 4u; n++) {
          if (o + n < p.co) { v[n] = w[at + n * p.wo]; }
        }
        tile[j] = v;
      }
      workgroupBarrier();
      let iy = top + i32(ky);
      if (row < p.rows && iy >= 0i && iy < i32(p.ih)) {
        let line = (row / p.oh * p.ih + u32(iy)) * p.iw;
        for (var c = 0u; c < depth; c++) {
          let at = i32(line * p.ci + c0 + c) + column * i32(p.ci);
          var v: array<f32, WINDOW>;
          //#unroll l LEFT
          v[$l] = select(0.0, x[max(at + $l * i32(p.ci), 0i)], u32(column + $l) < p.iw);
          //#end
          //#unroll l INNER
          v[LEFT + $l] = x[at + i32((LEFT + $l) * p.ci)];
          //#end
          //#unroll l RIGHT
          v[LEFT + INNER + $l] = select(
            0.0,
            x[max(at + i32((LEFT + INNER + $l) * p.ci), 0i)],
            u32(column + i32(LEFT + INNER + $l)) < p.iw,
          );
          //#end
          //#unroll l WINDOW
          v[$l] = select(v[$l], max(v[$l], 0.0), relu);
          //#end
          //#unroll k K
          //#unroll q Q
          {
            let t = tile[(c * K + $k) * Q + $q];
            //#unroll t T
            a[$t * Q + $q] = fma(vec4f(v[$t * S + $k]), t, a[$t * Q + $q]);
            //#end
          }
          //#end
          //#end
        }
      }
    }
  }
  if (row >= p.rows) { return; }
  //#unroll t T
  //#unroll q Q
  if (ox + $t >= start) {
    for (var n = 0u; n < 4u; n++) {
      let o = (first + $q) * 4u + n;
      if (o >= p.co) { break; }
      let to = (row * p.ow + ox + $t) * p.co + o;
      var v = a[$t * Q + $q][n];
      if (p.gated != 0u) { v = select(0.0, v, gate[to] > 0.0); }
      if (p.add != 0u) { v += y[to]; }
      y[to] = v;
    }
  }
  //#end
  //#end
}
