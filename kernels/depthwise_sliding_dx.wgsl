// Gradient of a depthwise convolution by its input. Slides down dy: each row adds to K rows of dx, of which
// S are then complete. Columns of dx go by S too, so that each is computed only with taps of its own.
// One invocation per COLUMNS * S columns of a band of rows of a channel group.
// Registers hold one row of dy at a time, and the sums of the rows of dx that it adds to; taps are staged in
// work-group memory.
// Every pixel of dy is loaded once; the text has few loads and stores, which take most of the compile time.
alias V = vec4f;
const LANES: u32 = 4u;
// Window, K * K, stride.
const K = 3u;
const TAPS = 9u;
const S = 1u;
const COLUMNS = 4u;
// Columns of dx, and columns of dy that they depend on; of these FIRST_COL to END_COL may exist.
const DX_COLS = 4u;
const INPUT_COLS = 6u;
const FIRST_COL = 0u;
const END_COL = 6u;
// Whether all of these exist, and a strip is as wide as the image.
const EXACT = false;
// Columns of dy that a column of dx depends on: ROWS_IN_FLIGHT = K / S rounded up; REACH is one less.
const REACH = 2u;
const ROWS_IN_FLIGHT = 3u;
// Rows of dx that a row of dy leaves incomplete: K - S.
const ROWS_OPEN = 2u;
// A work-group takes GROUPS channel groups and SIZE / GROUPS strips.
const GROUPS = 1u;
// Whether the input went through max(x, 0) first.
const RELU = true;
override SIZE: u32 = 32u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32, strips: u32, bands: u32, rows: u32,
  pad_y: u32, pad_x: u32, add: u32, w_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> w: array<V>;
@group(0) @binding(2) var<storage, read> dy: array<V>;
@group(0) @binding(3) var<storage, read_write> dx: array<V>;
@group(0) @binding(4) var<uniform> p: P;

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
  // Steps of S columns and rows, counted from the first that has one inside the image.
  let step_x = p.pad_x / S + (i - band * p.strips) * COLUMNS;
  let first = p.pad_y / S + (band - n * p.bands) * p.rows;
  let last = min(first + p.rows, (p.ih + p.pad_y + S - 1u) / S);
  // Columns of dy that do not exist count as zero.
  var offset: array<u32, INPUT_COLS>;
  var inside: array<bool, INPUT_COLS>;
  //#unroll u INPUT_COLS
  {
    let ox = i32(step_x) + $u - i32(REACH);
    inside[$u] = EXACT || (ox >= 0 && ox < i32(p.ow));
    offset[$u] = u32(ox) * p.c + ch;
  }
  //#end
  // sums[a] belongs to row r * S + a of the padded image.
  var sums: array<array<V, DX_COLS>, K>;
  for (var r = u32(max(i32(first) - i32(REACH), 0)); r < last; r++) {
    // With stride 1 few rows do not exist: computing them costs less than masking the sums of other lanes.
    if (S == 1u || r < p.oh) {
      // Branches, so that nothing outside the image is loaded.
      var seen = array<V, INPUT_COLS>();
      if (r < p.oh) {
        let row = (n * p.oh + r) * p.ow * p.c;
        //#unroll u INPUT_COLS
        if ($u >= FIRST_COL && $u < END_COL && inside[$u]) {
          seen[$u] = dy[row + offset[$u]];
        }
        //#end
      }
      //#unroll a K
      //#unroll q COLUMNS
      //#unroll b S
      //#unroll m ROWS_IN_FLIGHT
      if ($b + $m * S < K && REACH + $q - $m >= FIRST_COL && REACH + $q - $m < END_COL) {
        sums[$a][$q * S + $b] += taps[($a * K + $b + $m * S) % TAPS] * seen[REACH + $q - $m];
      }
      //#end
      //#end
      //#end
      //#end
    }
    //#unroll a S
    {
      let iy = i32(r * S) + $a - i32(p.pad_y);
      if (r >= first && iy >= 0 && iy < i32(p.ih)) {
        let left = i32(step_x * S) - i32(p.pad_x);
        let row = (n * p.ih + u32(iy)) * p.iw * p.c + ch;
        // A loop that is not unrolled: the text has one load and one store.
        var complete = sums[$a];
        for (var q = 0u; q < min(DX_COLS, p.iw + S); q++) {
          let ix = left + i32(q);
          if (ix >= 0 && ix < i32(p.iw)) {
            let at = row + u32(ix) * p.c;
            var v = complete[q];
            if (RELU) { v = select(V(0.0), v, x[at] > V(0.0)); }
            if (p.add != 0u) { v += dx[at]; }
            dx[at] = v;
          }
        }
      }
    }
    //#end
    //#unroll a ROWS_OPEN
    sums[$a] = sums[$a + S];
    //#end
    //#unroll a S
    sums[$a + ROWS_OPEN] = array<V, DX_COLS>();
    //#end
  }
}
