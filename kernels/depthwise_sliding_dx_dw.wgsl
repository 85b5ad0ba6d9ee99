// Both gradients of a depthwise convolution. Slides down the images by S input rows at a time and keeps the
// rows of dy that they add to: both gradients need the same rows of dy and x.
// One invocation per COLUMNS * S columns of a run of images of a channel group.
// Registers hold the rows of dy in flight, and one sum per tap; taps are staged in work-group memory.
// Half the loads of two kernels; cards prefer two, for their many invocations.
//#include lib/relu.wgsl
alias V = vec4f;
const LANES: u32 = 4u;
// Window, K * K, stride.
const K = 3u;
const TAPS = 9u;
const S = 1u;
const COLUMNS = 4u;
// Columns of x, and columns of dy that they add to; of these FIRST_COL to END_COL may exist.
const DX_COLS = 4u;
const INPUT_COLS = 6u;
const FIRST_COL = 0u;
const END_COL = 6u;
// Whether all of these exist, and a strip is as wide as the image.
const EXACT = false;
// Rows and columns of dy that a pixel of x adds to: ROWS_IN_FLIGHT = K / S rounded up; REACH is one less.
const REACH = 2u;
const ROWS_IN_FLIGHT = 3u;
// A work-group takes GROUPS channel groups and SIZE / GROUPS strips.
const GROUPS = 1u;
const SIZE = 32u;
// Whether the input went through max(x, 0) first.
const RELU = true;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32, strips: u32, images: u32,
  pad_y: u32, pad_x: u32, add: u32, taps: u32, splits: u32, w_at: u32, partials_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> w: array<V>;
@group(0) @binding(2) var<storage, read> dy: array<V>;
@group(0) @binding(3) var<storage, read_write> dx: array<V>;
@group(0) @binding(4) var<storage, read_write> partials: array<V>;
@group(0) @binding(5) var<uniform> p: P;

// Taps, shared by a work-group: the text has one load of taps instead of TAPS.
var<workgroup> staged: array<V, TAPS * GROUPS>;

// Rows of dy in flight.
alias Slope = array<array<V, INPUT_COLS>, ROWS_IN_FLIGHT>;

// Products are functions of their own, since naga takes time by the square of a function's length. First those of
// row $a of x and row $j of dy: all terms of a sum one after the other, so that it stays in a register meanwhile.
//#unroll a S
//#unroll j ROWS_IN_FLIGHT
fn add_products$j$a(
  sums: ptr<function, array<V, TAPS>>, seen: ptr<function, array<V, DX_COLS>>, slope: ptr<function, Slope>,
) {
  //#unroll b S
  //#unroll m ROWS_IN_FLIGHT
  //#unroll q COLUMNS
  if ($a + $j * S < K && $b + $m * S < K && REACH + $q - $m >= FIRST_COL && REACH + $q - $m < END_COL) {
    (*sums)[(($a + $j * S) * K + $b + $m * S) % TAPS] += (*seen)[$q * S + $b] * (*slope)[$j][REACH + $q - $m];
  }
  //#end
  //#end
  //#end
}
//#end
//#end

// The gradient of column $b of step $q in row $a.
//#unroll a S
//#unroll b S
//#unroll q COLUMNS
fn gradient$q$b$a(taps: ptr<function, array<V, TAPS>>, slope: ptr<function, Slope>) -> V {
  var g = V(0.0);
  //#unroll j ROWS_IN_FLIGHT
  //#unroll m ROWS_IN_FLIGHT
  if ($a + $j * S < K && $b + $m * S < K && REACH + $q - $m >= FIRST_COL && REACH + $q - $m < END_COL) {
    g += (*taps)[(($a + $j * S) * K + $b + $m * S) % TAPS] * (*slope)[$j][REACH + $q - $m];
  }
  //#end
  //#end
  return g;
}
//#end
//#end
//#end

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
//#include lib/depthwise_taps.wgsl
  let i = group.x * (SIZE / GROUPS) + local / GROUPS;
  if (ch >= p.c || i >= p.splits) { return; }
  let run = i / p.strips;
  // Steps of S columns and rows, counted from the first that has one inside the image.
  let step_x = p.pad_x / S + (i - run * p.strips) * COLUMNS;
  let left = i32(step_x * S) - i32(p.pad_x);
  let last = (p.ih + p.pad_y + S - 1u) / S;
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
  var sums: array<V, TAPS>;
  for (var n = run * p.images; n < min((run + 1u) * p.images, p.n); n++) {
    // slope[j] is row r - j of dy; without a value, naga would keep that of the previous image.
    var slope = Slope();
    for (var r = u32(max(i32(p.pad_y / S) - i32(REACH), 0)); r < last; r++) {
      //#unroll j REACH
      slope[REACH - $j] = slope[REACH - $j - 1];
      //#end
      // Branches, so that nothing outside the image is loaded.
      slope[0] = array<V, INPUT_COLS>();
      if (r < p.oh) {
        let row = (n * p.oh + r) * p.ow * p.c;
        //#unroll u INPUT_COLS
        if ($u >= FIRST_COL && $u < END_COL && inside[$u]) { slope[0][$u] = dy[row + offset[$u]]; }
        //#end
      }
      //#unroll a S
      {
        let iy = i32(r * S) + $a - i32(p.pad_y);
        let live = iy >= 0 && iy < i32(p.ih);
        let row = i32((n * p.ih + u32(iy)) * p.iw);
        var seen = array<V, DX_COLS>();
        if (live) {
          //#unroll q DX_COLS
          {
            let ix = left + $q;
            if (EXACT || (ix >= 0 && ix < i32(p.iw))) {
              let v = x[u32(row + ix) * p.c + ch];
              seen[$q] = relu_in(v, RELU);
            }
          }
          //#end
        }
        //#unroll j ROWS_IN_FLIGHT
        add_products$j$a(&sums, &seen, &slope);
        //#end
        //#unroll q COLUMNS
        //#unroll b S
        {
          let ix = left + $q * i32(S) + $b;
          if (live && (EXACT || (ix >= 0 && ix < i32(p.iw)))) {
            var g = gradient$q$b$a(&taps, &slope);
            let at = u32(row + ix) * p.c + ch;
            if (RELU) { g = select(V(0.0), g, seen[$q * S + $b] > V(0.0)); }
            if (p.add != 0u) { g += dx[at]; }
            dx[at] = g;
          }
        }
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
