// Max pooling. Slides down the image by S input rows at a time and keeps the maxima of the output rows that
// they belong to. Keeps which cell of the window won (the first of equals), four channels to a word.
// One invocation per COLUMNS columns of a band of output rows of 4 channels.
// Registers hold one input row at a time, and the maxima of all output rows that it belongs to.
// Every pixel is loaded once; windows are unrolled in the text, so that maxima stay in registers.
//#include lib/index.wgsl
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
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> won: array<u32>;
@group(0) @binding(3) var<uniform> p: P;

const LOWEST = vec4f(-3.4028234e38);

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
  // Columns outside the image are read from its edge and never win.
  var offset: array<u32, INPUT_COLS>;
  var inside: array<bool, INPUT_COLS>;
  //#unroll u INPUT_COLS
  {
    let ix = i32(first_x * S) + $u - p.pad_x;
    inside[$u] = EXACT || (ix >= 0 && ix < i32(p.iw));
    offset[$u] = u32(clamp(ix, 0, i32(p.iw) - 1)) * p.c + ch;
  }
  //#end
  let last_y = min(first_y + p.rows, p.oh);
  // Steps from `end` on have no input row inside the image.
  let end = (p.ih + u32(p.pad_y) + S - 1u) / S;
  // best[j] and cell[j] belong to output row r - REACH + j.
  var best: array<array<vec4f, COLUMNS>, ROWS_IN_FLIGHT>;
  var cell: array<array<vec4u, COLUMNS>, ROWS_IN_FLIGHT>;
  //#unroll j ROWS_IN_FLIGHT
  //#unroll q COLUMNS
  best[$j][$q] = LOWEST;
  //#end
  //#end
  for (var r = max(first_y, u32(p.pad_y) / S); r < last_y + REACH; r++) {
    // With stride 1 few rows are outside: computing them costs less than masking the sums of other lanes.
    if (S == 1u || r < end) {
      //#unroll s S
      {
        let iy = i32(r * S) + $s - p.pad_y;
        let within = iy >= 0 && iy < i32(p.ih);
        let row = (n * p.ih + u32(clamp(iy, 0, i32(p.ih) - 1))) * p.iw * p.c;
        var seen: array<vec4f, INPUT_COLS>;
        //#unroll u INPUT_COLS
        if ($u >= FIRST_COL && $u < END_COL) {
          seen[$u] = select(LOWEST, x[row + offset[$u]], inside[$u] && within);
        }
        //#end
        //#unroll q COLUMNS
        {
          var most = LOWEST;
          var column = vec4u();
          //#unroll b K
          if ($q * S + $b >= FIRST_COL && $q * S + $b < END_COL) {
            let larger = seen[$q * S + $b] > most;
            most = select(most, seen[$q * S + $b], larger);
            column = select(column, vec4u($b), larger);
          }
          //#end
          //#unroll j ROWS_IN_FLIGHT
          if ($s + S * (REACH - $j) < K) {
            let larger = most > best[$j][$q];
            best[$j][$q] = select(best[$j][$q], most, larger);
            cell[$j][$q] = select(cell[$j][$q], column + ($s + S * (REACH - $j)) * K, larger);
          }
          //#end
        }
        //#end
      }
      //#end
    }
    if (r >= first_y + REACH) {
      let out = ((n * p.oh + r - REACH) * p.ow + first_x) * p.c + ch;
      //#unroll q COLUMNS
      if (first_x + $q < p.ow) {
        y[out + $q * p.c] = best[0][$q];
        let bytes = cell[0][$q] << vec4u(0u, 8u, 16u, 24u);
        won[out + $q * p.c] = bytes.x | bytes.y | bytes.z | bytes.w;
      }
      //#end
    }
    //#unroll j REACH
    best[$j] = best[$j + 1];
    cell[$j] = cell[$j + 1];
    //#end
    //#unroll q COLUMNS
    best[REACH][$q] = LOWEST;
    //#end
  }
}
