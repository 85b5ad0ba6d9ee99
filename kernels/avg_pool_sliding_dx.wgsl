// Gradient of average pooling. Slides down dy: each row adds to K rows of dx, of which S are then complete.
// One invocation per COLUMNS * S columns of a band of rows of a channel group.
// Registers hold one row of dy at a time, and the sums of the rows of dx that it adds to.
// Every pixel of dy is loaded once, and every lane computes only with taps of its own.
//#include lib/index.wgsl
//#include lib/avg_pool_cells.wgsl
alias V = vec4f;
// Window, stride.
const K = 3u;
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
override SIZE: u32 = 64u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32, strips: u32, bands: u32, rows: u32,
  pad_y: u32, pad_x: u32, add: u32,
}
@group(0) @binding(0) var<storage, read> dy: array<V>;
@group(0) @binding(1) var<storage, read_write> dx: array<V>;
@group(0) @binding(2) var<uniform> p: P;

// 1 / number of cells inside the image along one axis, for the window at position o.
fn share(o: u32, pad: u32, size: u32) -> f32 {
  return 1.0 / f32(pool_cells(i32(o * S) - i32(pad), K, size));
}

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let strip = i / p.c;
  let ch = i - strip * p.c;
  let band = strip / p.strips;
  let n = band / p.bands;
  if (n >= p.n) { return; }
  // Steps of S columns and rows, counted from the first that has one inside the image.
  let step_x = p.pad_x / S + (strip - band * p.strips) * COLUMNS;
  let first = p.pad_y / S + (band - n * p.bands) * p.rows;
  let last = min(first + p.rows, (p.ih + p.pad_y + S - 1u) / S);
  // Columns of dy that do not exist are read from its edge and count zero.
  var offset: array<u32, INPUT_COLS>;
  var across: array<f32, INPUT_COLS>;
  //#unroll u INPUT_COLS
  {
    let ox = i32(step_x) + $u - i32(REACH);
    let near = u32(clamp(ox, 0, i32(p.ow) - 1));
    across[$u] = select(0.0, share(near, p.pad_x, p.iw), EXACT || i32(near) == ox);
    offset[$u] = near * p.c + ch;
  }
  //#end
  // sums[a] belongs to row r * S + a of the padded image.
  var sums: array<array<V, DX_COLS>, K>;
  for (var r = u32(max(i32(first) - i32(REACH), 0)); r < last; r++) {
    // With stride 1 few rows do not exist: computing them costs less than masking the sums of other lanes.
    if (S == 1u || r < p.oh) {
      let exists = r < p.oh;
      let row = (n * p.oh + min(r, p.oh - 1u)) * p.ow * p.c;
      let down = select(0.0, share(min(r, p.oh - 1u), p.pad_y, p.ih), exists);
      var seen: array<V, INPUT_COLS>;
      //#unroll u INPUT_COLS
      if ($u >= FIRST_COL && $u < END_COL) { seen[$u] = dy[row + offset[$u]] * (across[$u] * down); }
      //#end
      //#unroll q COLUMNS
      //#unroll b S
      {
        var sum = V(0.0);
        //#unroll m ROWS_IN_FLIGHT
        if ($b + $m * S < K && REACH + $q - $m >= FIRST_COL && REACH + $q - $m < END_COL) { sum += seen[REACH + $q - $m]; }
        //#end
        //#unroll a K
        sums[$a][$q * S + $b] += sum;
        //#end
      }
      //#end
      //#end
    }
    //#unroll a S
    {
      let iy = i32(r * S) + $a - i32(p.pad_y);
      if (r >= first && iy >= 0 && iy < i32(p.ih)) {
        let left = i32(step_x * S) - i32(p.pad_x);
        let row = (n * p.ih + u32(iy)) * p.iw * p.c + ch;
        //#unroll q DX_COLS
        if (left + $q >= 0 && left + $q < i32(p.iw)) {
          let at = row + u32(left + $q) * p.c;
          var v = sums[$a][$q];
          if (p.add != 0u) { v += dx[at]; }
          dx[at] = v;
        }
        //#end
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
