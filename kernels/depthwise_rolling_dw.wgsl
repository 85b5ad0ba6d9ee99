// Partial gradients of a depthwise convolution of stride 1 by its weights: a window of K rows of dy rolls
// down the images. One invocation per run of images, 4 columns and channel group.
//#include lib/index.wgsl
alias V = vec4f;
const K = 3u;
// K * K, K - 1 and the columns that 4 outputs see.
const TAPS = 9u;
const LAST = 2u;
const SEEN = 6u;
override SIZE: u32 = 64u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32, strips: u32, images: u32, splits: u32,
  pad_y: i32, pad_x: i32, relu: u32, part_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read_write> part: array<V>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let split = i / p.c;
  if (split >= p.splits) { return; }
  let first_x = split % p.strips * 4u;
  let first_n = split / p.strips * p.images;
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
  var sums: array<V, TAPS>;
  for (var n = first_n; n < min(first_n + p.images, p.n); n++) {
    // slope[a] is the row of dy that sees the current input row through the window row a.
    var slope: array<array<V, 4>, K>;
    for (var r = 0; r < i32(p.ih) + p.pad_y; r++) {
      //#unroll a LAST
      slope[LAST - $a] = slope[LAST - $a - 1];
      //#end
      slope[0] = array<V, 4>();
      if (r < i32(p.oh)) {
        let at = ((n * p.oh + u32(r)) * p.ow + first_x) * p.c + ch;
        //#unroll q 4
        if (first_x + $q < p.ow) { slope[0][$q] = dy[at + $q * p.c]; }
        //#end
      }
      let iy = r - p.pad_y;
      if (iy < 0) { continue; }
      let row = (n * p.ih + u32(iy)) * p.iw * p.c;
      var seen: array<V, SEEN>;
      //#unroll u SEEN
      {
        let v = select(V(0.0), x[row + place[$u]], inside[$u]);
        seen[$u] = select(v, least, v < least);
      }
      //#end
      //#unroll a K
      //#unroll b K
      //#unroll q 4
      sums[$a * K + $b] += slope[$a][$q] * seen[$q + $b];
      //#end
      //#end
      //#end
    }
  }
  //#unroll t TAPS
  part[p.part_at + (split * TAPS + $t) * p.c + ch] = sums[$t];
  //#end
}
