// Gradient of max pooling of stride 1: a window of K rows of sums rolls down the image.
// One invocation per 4 columns of a band of input rows of 4 channels.
//#include lib/index.wgsl
const K = 3u;
// K - 1 and the columns of dy that 4 columns of dx see.
const LAST = 2u;
const SEEN = 6u;
override SIZE: u32 = 64u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32, strips: u32, bands: u32, rows: u32,
  pad_y: i32, pad_x: i32, add: u32,
}
@group(0) @binding(0) var<storage, read> won: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let first_x = i / p.c % p.strips * 4u;
  let band = i / (p.c * p.strips);
  let first_y = band % p.bands * p.rows;
  let n = band / p.bands;
  if (n >= p.n) { return; }
  // Column u of what is seen meets dx column q through the window column q + K - 1 - u.
  var place: array<u32, SEEN>;
  var inside: array<bool, SEEN>;
  //#unroll u SEEN
  {
    let ox = i32(first_x) + $u + p.pad_x - i32(LAST);
    inside[$u] = ox >= 0 && ox < i32(p.ow);
    place[$u] = u32(clamp(ox, 0, i32(p.ow) - 1)) * p.c + ch;
  }
  //#end
  // sums[j] belongs to the row of dx that the current row of dy meets through its window row j.
  var sums: array<array<vec4f, 4>, K>;
  let last_y = min(first_y + p.rows, p.ih);
  for (var r = first_y; r < last_y + LAST; r++) {
    let oy = i32(r) + p.pad_y - i32(LAST);
    if (oy >= 0 && oy < i32(p.oh)) {
      let row = (n * p.oh + u32(oy)) * p.ow * p.c;
      var seen: array<vec4f, SEEN>;
      var cell: array<vec4u, SEEN>;
      //#unroll u SEEN
      seen[$u] = select(vec4f(), dy[row + place[$u]], inside[$u]);
      cell[$u] = (vec4u(won[row + place[$u]]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
      //#end
      //#unroll j K
      //#unroll b K
      //#unroll q 4
      sums[$j][$q] += select(vec4f(), seen[$q + $b], cell[$q + $b] == vec4u($j * K + LAST - $b));
      //#end
      //#end
      //#end
    }
    if (r >= first_y + LAST) {
      let out = ((n * p.ih + r - LAST) * p.iw + first_x) * p.c + ch;
      //#unroll q 4
      if (first_x + $q < p.iw) {
        var v = sums[0][$q];
        if (p.add != 0u) { v += dx[out + $q * p.c]; }
        dx[out + $q * p.c] = v;
      }
      //#end
    }
    //#unroll j LAST
    sums[$j] = sums[$j + 1];
    //#end
    sums[LAST] = array<vec4f, 4>();
  }
}
