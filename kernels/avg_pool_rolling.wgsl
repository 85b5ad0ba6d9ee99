// Average pooling of stride 1 over the cells inside the image, or its gradient: a window of K rows of sums
// rolls down. Forward divides each sum by its cells, the gradient (`spread`) divides before it adds up.
// One invocation per 4 columns of a band of output rows of a channel group.
//#include lib/index.wgsl
alias V = vec4f;
const K = 3u;
// K - 1 and the columns that 4 outputs see.
const LAST = 2u;
const SEEN = 6u;
override SIZE: u32 = 64u;

// pad_y and pad_x are those of the sums; pool_y, pool_x, height and width those of the pooled image.
struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32, strips: u32, bands: u32, rows: u32,
  pad_y: i32, pad_x: i32, pool_y: i32, pool_x: i32, height: i32, width: i32, spread: u32, add: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> y: array<V>;
@group(0) @binding(2) var<uniform> p: P;

// One over the cells inside an axis of the pooled image for the window at position o.
fn share(o: i32, pad: i32, size: i32) -> f32 {
  return 1.0 / f32(min(o - pad + i32(K), size) - max(o - pad, 0));
}

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let first_x = i / p.c % p.strips * 4u;
  let band = i / (p.c * p.strips);
  let first_y = band % p.bands * p.rows;
  let n = band / p.bands;
  if (n >= p.n) { return; }
  let spread = p.spread != 0u;
  var place: array<u32, SEEN>;
  var before: array<f32, SEEN>;
  //#unroll u SEEN
  {
    let ix = i32(first_x) + $u - p.pad_x;
    place[$u] = u32(clamp(ix, 0, i32(p.iw) - 1)) * p.c + ch;
    let weight = select(1.0, share(ix, p.pool_x, p.width), spread);
    before[$u] = select(0.0, weight, ix >= 0 && ix < i32(p.iw));
  }
  //#end
  var after: array<f32, 4>;
  //#unroll q 4
  after[$q] = select(share(i32(first_x) + $q, p.pool_x, p.width), 1.0, spread);
  //#end
  // sums[j] belongs to the output row that the window row K - 1 - j meets now.
  var sums: array<array<V, 4>, K>;
  let last_y = min(first_y + p.rows, p.oh);
  for (var r = first_y; r < last_y + LAST; r++) {
    let iy = i32(r) - p.pad_y;
    if (iy >= 0 && iy < i32(p.ih)) {
      let row = (n * p.ih + u32(iy)) * p.iw * p.c;
      let weight = select(1.0, share(iy, p.pool_y, p.height), spread);
      var seen: array<V, SEEN>;
      //#unroll u SEEN
      seen[$u] = x[row + place[$u]] * (before[$u] * weight);
      //#end
      //#unroll q 4
      {
        var sum = seen[$q];
        //#unroll b LAST
        sum += seen[$q + $b + 1];
        //#end
        //#unroll j K
        sums[$j][$q] += sum;
        //#end
      }
      //#end
    }
    if (r >= first_y + LAST) {
      let weight = select(share(i32(r - LAST), p.pool_y, p.height), 1.0, spread);
      let out = ((n * p.oh + r - LAST) * p.ow + first_x) * p.c + ch;
      //#unroll q 4
      if (first_x + $q < p.ow) {
        var v = sums[0][$q] * (after[$q] * weight);
        if (p.add != 0u) { v += y[out + $q * p.c]; }
        y[out + $q * p.c] = v;
      }
      //#end
    }
    //#unroll j LAST
    sums[$j] = sums[$j + 1];
    //#end
    sums[LAST] = array<V, 4>();
  }
}
