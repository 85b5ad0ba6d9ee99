// Average pooling over the cells inside the image. Slides down the image by S input rows at a time and keeps
// the sums of the output rows that they add to.
// One invocation per COLUMNS columns of a band of output rows of a channel group.
// Registers hold one input row at a time, and the sums of all output rows that it adds to.
// Every pixel is loaded once; windows are unrolled in the text, so that sums stay in registers.
//#include lib/index.wgsl
//#include lib/avg_pool_cells.wgsl
alias V = vec4f;
// Window, stride.
const K = 3u;
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
override SIZE: u32 = 64u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32, strips: u32, bands: u32, rows: u32,
  pad_y: i32, pad_x: i32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> y: array<V>;
@group(0) @binding(2) var<uniform> p: P;

// 1 / number of cells inside the image along one axis, for the window at position o.
fn share(o: u32, pad: i32, size: u32) -> f32 {
  return 1.0 / f32(pool_cells(i32(o * S) - pad, K, size));
}

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let strip = i / p.c;
  let ch = i - strip * p.c;
  let band = strip / p.strips;
  let n = band / p.bands;
  if (n >= p.n) { return; }
  let first_x = (strip - band * p.strips) * COLUMNS;
  let first_y = (band - n * p.bands) * p.rows;
  // Columns outside the image are read from its edge and set to zero.
  var offset: array<u32, INPUT_COLS>;
  var inside: array<bool, INPUT_COLS>;
  //#unroll u INPUT_COLS
  {
    let ix = i32(first_x * S) + $u - p.pad_x;
    inside[$u] = EXACT || (ix >= 0 && ix < i32(p.iw));
    offset[$u] = u32(clamp(ix, 0, i32(p.iw) - 1)) * p.c + ch;
  }
  //#end
  var across: array<f32, COLUMNS>;
  //#unroll q COLUMNS
  across[$q] = share(first_x + $q, p.pad_x, p.iw);
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
        let within = iy >= 0 && iy < i32(p.ih);
        let row = (n * p.ih + u32(clamp(iy, 0, i32(p.ih) - 1))) * p.iw * p.c;
        var seen: array<V, INPUT_COLS>;
        //#unroll u INPUT_COLS
        if ($u >= FIRST_COL && $u < END_COL) {
          seen[$u] = select(V(0.0), x[row + offset[$u]], inside[$u] && within);
        }
        //#end
        //#unroll q COLUMNS
        {
          var sum = V(0.0);
          //#unroll b K
          if ($q * S + $b >= FIRST_COL && $q * S + $b < END_COL) { sum += seen[$q * S + $b]; }
          //#end
          //#unroll j ROWS_IN_FLIGHT
          if ($s + S * (REACH - $j) < K) { sums[$j][$q] += sum; }
          //#end
        }
        //#end
      }
      //#end
    }
    if (r >= first_y + REACH) {
      let down = share(r - REACH, p.pad_y, p.ih);
      let out = ((n * p.oh + r - REACH) * p.ow + first_x) * p.c + ch;
      //#unroll q COLUMNS
      if (first_x + $q < p.ow) { y[out + $q * p.c] = sums[0][$q] * (across[$q] * down); }
      //#end
    }
    //#unroll j REACH
    sums[$j] = sums[$j + 1];
    //#end
    sums[REACH] = array<V, COLUMNS>();
  }
}
