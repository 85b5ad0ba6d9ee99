// Depthwise convolution of stride 1, or its gradient by the input (flipped weights): a window of K rows of
// sums rolls down the image. One invocation per 4 columns of a band of output rows of a channel group.
//#include lib/index.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
const K = 3u;
// K * K, K - 1 and the columns that 4 outputs see.
const TAPS = 9u;
const LAST = 2u;
const SEEN = 6u;
override SIZE: u32 = 64u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32, strips: u32, bands: u32, rows: u32,
  pad_y: i32, pad_x: i32, relu: u32, flip: u32, masked: u32, add: u32, w_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> w: array<V>;
// Where `masked`: the result is zero unless this is positive. Else any tensor.
@group(0) @binding(2) var<storage, read> gate: array<V>;
@group(0) @binding(3) var<storage, read_write> y: array<V>;
@group(0) @binding(4) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let first_x = i / p.c % p.strips * 4u;
  let band = i / (p.c * p.strips);
  let first_y = band % p.bands * p.rows;
  let n = band / p.bands;
  if (n >= p.n) { return; }
  var taps: array<V, TAPS>;
  //#unroll t TAPS
  taps[$t] = w[p.w_at / LANES + select($t, LAST * (K + 1u) - $t, p.flip != 0u) * p.c + ch];
  //#end
  // Not max(), which may turn NaN into a number.
  let least = select(V(-3.4028234e38), V(0.0), p.relu != 0u);
  // Columns outside the image are read from its edge and set to zero.
  var place: array<u32, SEEN>;
  var inside: array<bool, SEEN>;
  //#unroll u SEEN
  {
    let ix = i32(first_x) + $u - p.pad_x;
    inside[$u] = ix >= 0 && ix < i32(p.iw);
    place[$u] = u32(clamp(ix, 0, i32(p.iw) - 1)) * p.c + ch;
  }
  //#end
  // sums[j] belongs to the output row that the window row K - 1 - j meets now.
  var sums: array<array<V, 4>, K>;
  let last_y = min(first_y + p.rows, p.oh);
  for (var r = first_y; r < last_y + LAST; r++) {
    let iy = i32(r) - p.pad_y;
    if (iy >= 0 && iy < i32(p.ih)) {
      let row = (n * p.ih + u32(iy)) * p.iw * p.c;
      var seen: array<V, SEEN>;
      //#unroll u SEEN
      {
        let v = select(V(0.0), x[row + place[$u]], inside[$u]);
        seen[$u] = select(v, least, v < least);
      }
      //#end
      //#unroll j K
      //#unroll b K
      //#unroll q 4
      sums[$j][$q] += taps[(LAST - $j) * K + $b] * seen[$q + $b];
      //#end
      //#end
      //#end
    }
    if (r >= first_y + LAST) {
      let out = ((n * p.oh + r - LAST) * p.ow + first_x) * p.c + ch;
      //#unroll q 4
      if (first_x + $q < p.ow) {
        let at = out + $q * p.c;
        var v = sums[0][$q];
        if (p.masked != 0u) { v = select(V(0.0), v, gate[at] > V(0.0)); }
        if (p.add != 0u) { v += y[at]; }
        y[at] = v;
      }
      //#end
    }
    //#unroll j LAST
    sums[$j] = sums[$j + 1];
    //#end
    sums[LAST] = array<V, 4>();
  }
}
