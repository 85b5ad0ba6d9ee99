// Max pooling of stride 1: a window of K rows of maxima rolls down the image. Keeps which cell of the window
// won (the first of equals), four channels to a word.
// One invocation per 4 columns of a band of output rows of 4 channels.
//#include lib/index.wgsl
const K = 3u;
// K - 1 and the columns that 4 outputs see.
const LAST = 2u;
const SEEN = 6u;
override SIZE: u32 = 64u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32, strips: u32, bands: u32, rows: u32,
  pad_y: i32, pad_x: i32,
}
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> won: array<u32>;
@group(0) @binding(3) var<uniform> p: P;

const LOWEST = vec4f(-3.4028234e38);

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let first_x = i / p.c % p.strips * 4u;
  let band = i / (p.c * p.strips);
  let first_y = band % p.bands * p.rows;
  let n = band / p.bands;
  if (n >= p.n) { return; }
  var place: array<u32, SEEN>;
  var inside: array<bool, SEEN>;
  //#unroll u SEEN
  {
    let ix = i32(first_x) + $u - p.pad_x;
    inside[$u] = ix >= 0 && ix < i32(p.iw);
    place[$u] = u32(clamp(ix, 0, i32(p.iw) - 1)) * p.c + ch;
  }
  //#end
  // best[j] belongs to the output row that the window row K - 1 - j meets now.
  var best: array<array<vec4f, 4>, K>;
  var cell: array<array<vec4u, 4>, K>;
  //#unroll j K
  best[$j] = array<vec4f, 4>(LOWEST, LOWEST, LOWEST, LOWEST);
  //#end
  let last_y = min(first_y + p.rows, p.oh);
  for (var r = first_y; r < last_y + LAST; r++) {
    let iy = i32(r) - p.pad_y;
    if (iy >= 0 && iy < i32(p.ih)) {
      let row = (n * p.ih + u32(iy)) * p.iw * p.c;
      var seen: array<vec4f, SEEN>;
      //#unroll u SEEN
      seen[$u] = select(LOWEST, x[row + place[$u]], inside[$u]);
      //#end
      //#unroll q 4
      {
        var most = seen[$q];
        var column = vec4u();
        //#unroll b LAST
        {
          let larger = seen[$q + $b + 1] > most;
          most = select(most, seen[$q + $b + 1], larger);
          column = select(column, vec4u($b + 1), larger);
        }
        //#end
        //#unroll j K
        {
          let larger = most > best[$j][$q];
          best[$j][$q] = select(best[$j][$q], most, larger);
          cell[$j][$q] = select(cell[$j][$q], column + (LAST - $j) * K, larger);
        }
        //#end
      }
      //#end
    }
    if (r >= first_y + LAST) {
      let out = ((n * p.oh + r - LAST) * p.ow + first_x) * p.c + ch;
      //#unroll q 4
      if (first_x + $q < p.ow) {
        y[out + $q * p.c] = best[0][$q];
        let bytes = cell[0][$q] << vec4u(0u, 8u, 16u, 24u);
        won[out + $q * p.c] = bytes.x | bytes.y | bytes.z | bytes.w;
      }
      //#end
    }
    //#unroll j LAST
    best[$j] = best[$j + 1];
    cell[$j] = cell[$j + 1];
    //#end
    best[LAST] = array<vec4f, 4>(LOWEST, LOWEST, LOWEST, LOWEST);
  }
}
