// Partial gradients of a depthwise convolution by its weights. Slides down the images by S input rows at a
// time and keeps the rows of dy that they add to.
// One invocation per COLUMNS columns of a run of images of a channel group.
// Registers hold the rows of dy in flight, and one sum per tap.
// Rows of x and dy are loaded once for all taps; sum_splits adds up the runs, since adding up within a
// work-group would take as long to compile as all the rest.
//#include lib/relu.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
// Window, K * K, stride.
const K = 3u;
const TAPS = 9u;
const S = 1u;
const COLUMNS = 4u;
// Input columns that COLUMNS outputs see; of them FIRST_COL to END_COL may be inside the image.
const INPUT_COLS = 6u;
const FIRST_COL = 0u;
const END_COL = 6u;
// Whether all of them are inside the image.
const EXACT = false;
// Output rows that S input rows add to: ROWS_IN_FLIGHT = K / S rounded up; REACH is one less.
const REACH = 2u;
const ROWS_IN_FLIGHT = 3u;
// A work-group takes GROUPS channel groups and SIZE / GROUPS strips.
const GROUPS = 1u;
const SIZE = 32u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32, strips: u32, images: u32,
  pad_y: i32, pad_x: i32, relu: u32, taps: u32, splits: u32, partials_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read_write> partials: array<V>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let ch = group.z * GROUPS + local % GROUPS;
  let i = group.x * (SIZE / GROUPS) + local / GROUPS;
  if (ch >= p.c || i >= p.splits) { return; }
  let run = i / p.strips;
  let first_x = (i - run * p.strips) * COLUMNS;
  // Columns outside the image count as zero.
  var offset: array<u32, INPUT_COLS>;
  var inside: array<bool, INPUT_COLS>;
  //#unroll u INPUT_COLS
  {
    let ix = i32(first_x * S) + $u - p.pad_x;
    inside[$u] = EXACT || (ix >= 0 && ix < i32(p.iw));
    offset[$u] = u32(ix) * p.c + ch;
  }
  //#end
  let end = (p.ih + u32(p.pad_y) + S - 1u) / S;
  var sums: array<V, TAPS>;
  for (var n = run * p.images; n < min((run + 1u) * p.images, p.n); n++) {
    // slope[j] is row r - j of dy; without a value, naga would keep that of the previous image.
    var slope = array<array<V, COLUMNS>, ROWS_IN_FLIGHT>();
    for (var r = 0u; r < end; r++) {
      //#unroll j REACH
      slope[REACH - $j] = slope[REACH - $j - 1];
      //#end
      // Branches, so that nothing outside the image is loaded.
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
        var seen = array<V, INPUT_COLS>();
        if (iy >= 0 && iy < i32(p.ih)) {
          let row = (n * p.ih + u32(iy)) * p.iw * p.c;
          //#unroll u INPUT_COLS
          if ($u >= FIRST_COL && $u < END_COL && inside[$u]) {
            let v = x[row + offset[$u]];
            seen[$u] = relu_in(v, p.relu != 0u);
          }
          //#end
        }
        //#unroll j ROWS_IN_FLIGHT
        //#unroll b K
        //#unroll q COLUMNS
        if ($s + S * $j < K && $q * S + $b >= FIRST_COL && $q * S + $b < END_COL) {
          sums[($s + S * $j) * K % TAPS + $b] += slope[$j][$q] * seen[$q * S + $b];
        }
        //#end
        //#end
        //#end
      }
      //#end
    }
  }
  // A loop that is not unrolled: the text has one store. A copy, so that the sums may stay in registers.
  var all = sums;
  for (var t = 0u; t < p.taps; t++) { partials[p.partials_at / LANES + (i * TAPS + t) * p.c + ch] = all[t]; }
}
