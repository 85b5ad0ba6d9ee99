// Depthwise convolution. Slides down by S input rows at a time; keeps sums of the output rows they add to.
// One invocation per COLUMNS columns of a band of output rows of a channel group.
// Registers hold one input row at a time, and the sums of all output rows that it adds to. Taps are staged in
// work-group memory.
// Every pixel is loaded once; the text has one load of taps, since loads take most of the time to compile.
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
override SIZE: u32 = 32u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32, strips: u32, bands: u32, rows: u32,
  pad_y: i32, pad_x: i32, relu: u32, w_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> w: array<V>;
@group(0) @binding(2) var<storage, read_write> y: array<V>;
@group(0) @binding(3) var<uniform> p: P;

// Taps, shared by a work-group: the text has one load of taps instead of TAPS.
var<workgroup> staged: array<V, TAPS * GROUPS>;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(local_invocation_index) local: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
//#include lib/depthwise_taps.wgsl
  let i = (group.x + group.y * groups.x) * (SIZE / GROUPS) + local / GROUPS;
  let band = i / p.strips;
  let n = band / p.bands;
  if (ch >= p.c || n >= p.n) { return; }
  let first_x = (i - band * p.strips) * COLUMNS;
  let first_y = (band - n * p.bands) * p.rows;
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
  let last_y = min(first_y + p.rows, p.oh);
  // Steps from `end` on have no input row inside the image.
  let end = (p.ih + u32(p.pad_y) + S - 1u) / S;
  // sums[j] belongs to output row r - REACH + j.
  var sums: array<array<V, COLUMNS>, ROWS_IN_FLIGHT>;
  for (var r = max(first_y, u32(p.pad_y) / S); r < last_y + REACH; r++) {
    // With stride 1 few rows are outside: computing them costs less than masking the sums of other lanes.
    if (S == 1u || r < end) {
      //#unroll s S
      {
        let iy = i32(r * S) + $s - p.pad_y;
        // Branches, so that nothing outside the image is loaded.
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
        //#unroll q COLUMNS
        //#unroll b K
        if ($s + S * (REACH - $j) < K && $q * S + $b >= FIRST_COL && $q * S + $b < END_COL) {
          sums[$j][$q] += taps[($s + S * (REACH - $j)) * K % TAPS + $b] * seen[$q * S + $b];
        }
        //#end
        //#end
        //#end
      }
      //#end
    }
    if (r >= first_y + REACH) {
      let out = ((n * p.oh + r - REACH) * p.ow + first_x) * p.c + ch;
      //#unroll q COLUMNS
      if (first_x + $q < p.ow) { y[out + $q * p.c] = sums[0][$q]; }
      //#end
    }
    //#unroll j REACH
    sums[$j] = sums[$j + 1];
    //#end
    sums[REACH] = array<V, COLUMNS>();
  }
}
