// Partial gradients of a depthwise convolution by its weights: the rows of dy that meet the current S input
// rows roll down the images. One invocation per COLUMNS columns of a run of images of a channel group. Adding
// up within a work-group would take as long to compile as all the rest: sums are kept across its barrier.
alias V = vec4f;
const LANES: u32 = 4u;
// Window, K * K, stride.
const K = 3u;
const TAPS = 9u;
const S = 1u;
const COLUMNS = 4u;
// Input columns that COLUMNS outputs see; of them FROM to TO may be inside the image.
const SEEN = 6u;
const FROM = 0u;
const TO = 6u;
// Whether all of them are inside the image.
const EXACT = false;
// Output rows that meet S input rows, K over S rounded up, and one less.
const LAST = 2u;
const FLIGHT = 3u;
// A work-group takes GROUPS channel groups and SIZE / GROUPS strips.
const GROUPS = 1u;
const SIZE = 32u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32, strips: u32, images: u32,
  pad_y: i32, pad_x: i32, relu: u32, taps: u32, splits: u32, part_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read_write> part: array<V>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let ch = group.z * GROUPS + local % GROUPS;
  let i = group.x * (SIZE / GROUPS) + local / GROUPS;
  if (ch >= p.c || i >= p.splits) { return; }
  let run = i / p.strips;
  let first_x = (i - run * p.strips) * COLUMNS;
  // Not max(), which may turn NaN into a number.
  let least = select(V(-3.4028234e38), V(0.0), p.relu != 0u);
  // Columns outside the image count as zero.
  var place: array<u32, SEEN>;
  var inside: array<bool, SEEN>;
  //#unroll u SEEN
  {
    let ix = i32(first_x * S) + $u - p.pad_x;
    inside[$u] = EXACT || (ix >= 0 && ix < i32(p.iw));
    place[$u] = u32(ix) * p.c + ch;
  }
  //#end
  let end = (p.ih + u32(p.pad_y) + S - 1u) / S;
  var sums: array<V, TAPS>;
  for (var n = run * p.images; n < min((run + 1u) * p.images, p.n); n++) {
    // slope[j] is row r - j of dy; without a value, naga would leave that of the image before.
    var slope = array<array<V, COLUMNS>, FLIGHT>();
    for (var r = 0u; r < end; r++) {
      //#unroll j LAST
      slope[LAST - $j] = slope[LAST - $j - 1];
      //#end
      // In branches, so that what does not exist is not loaded.
      slope[0] = array<V, COLUMNS>();
      if (r < p.oh) {
        let at = ((n * p.oh + r) * p.ow + first_x) * p.c + ch;
        //#unroll q COLUMNS
        if (EXACT || first_x + $q < p.ow) { slope[0][$q] = dy[at + $q * p.c]; }
        //#end
      }
      //#unroll s S
      {
        let iy = i32(r * S) + $s - p.pad_y;
        var seen = array<V, SEEN>();
        if (iy >= 0 && iy < i32(p.ih)) {
          let row = (n * p.ih + u32(iy)) * p.iw * p.c;
          //#unroll u SEEN
          if ($u >= FROM && $u < TO && inside[$u]) {
            let v = x[row + place[$u]];
            seen[$u] = select(v, least, v < least);
          }
          //#end
        }
        //#unroll j FLIGHT
        //#unroll b K
        //#unroll q COLUMNS
        if ($s + S * $j < K && $q * S + $b >= FROM && $q * S + $b < TO) {
          sums[($s + S * $j) * K % TAPS + $b] += slope[$j][$q] * seen[$q * S + $b];
        }
        //#end
        //#end
        //#end
      }
      //#end
    }
  }
  // In a loop that nobody unrolls: one place in the code that stores. A copy, so that the sums may stay in registers.
  var all = sums;
  for (var t = 0u; t < p.taps; t++) { part[p.part_at / LANES + (i * TAPS + t) * p.c + ch] = all[t]; }
}
