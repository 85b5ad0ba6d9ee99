// Gradient of average pooling: each row of dy adds to K rows of dx; as it rolls down, S rows are complete.
// One invocation per COLUMNS * S columns of a band of rows of a channel group.
//#include lib/index.wgsl
alias V = vec4f;
// Window, stride.
const K = 3u;
const S = 1u;
const COLUMNS = 4u;
// Columns of dx, columns of dy that they meet; of these FROM to TO may exist.
const WIDE = 4u;
const SEEN = 6u;
const FROM = 0u;
const TO = 6u;
// Whether all of them do, and a strip is as wide as the image.
const EXACT = false;
// Columns of dy that a column of dx meets, K over S rounded up, and one less.
const LAST = 2u;
const FLIGHT = 3u;
// Rows of dx that a row of dy leaves incomplete: K - S.
const OPEN = 2u;
override SIZE: u32 = 64u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32, strips: u32, bands: u32, rows: u32,
  pad_y: u32, pad_x: u32, add: u32,
}
@group(0) @binding(0) var<storage, read> dy: array<V>;
@group(0) @binding(1) var<storage, read_write> dx: array<V>;
@group(0) @binding(2) var<uniform> p: P;

// One over the cells inside an axis of the image for the window at position o.
fn share(o: u32, pad: u32, size: u32) -> f32 {
  let start = i32(o * S) - i32(pad);
  return 1.0 / f32(min(start + i32(K), i32(size)) - max(start, 0));
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
  // Columns of dy that do not exist are read from its edge and count nothing.
  var place: array<u32, SEEN>;
  var across: array<f32, SEEN>;
  //#unroll u SEEN
  {
    let ox = i32(step_x) + $u - i32(LAST);
    let near = u32(clamp(ox, 0, i32(p.ow) - 1));
    across[$u] = select(0.0, share(near, p.pad_x, p.iw), EXACT || i32(near) == ox);
    place[$u] = near * p.c + ch;
  }
  //#end
  // sums[a] belongs to row r * S + a of the padded image.
  var sums: array<array<V, WIDE>, K>;
  for (var r = u32(max(i32(first) - i32(LAST), 0)); r < last; r++) {
    // With stride 1 few rows do not exist: computing them costs less than keeping the sums of other lanes.
    if (S == 1u || r < p.oh) {
      let exists = r < p.oh;
      let row = (n * p.oh + min(r, p.oh - 1u)) * p.ow * p.c;
      let down = select(0.0, share(min(r, p.oh - 1u), p.pad_y, p.ih), exists);
      var seen: array<V, SEEN>;
      //#unroll u SEEN
      if ($u >= FROM && $u < TO) { seen[$u] = dy[row + place[$u]] * (across[$u] * down); }
      //#end
      //#unroll q COLUMNS
      //#unroll b S
      {
        var sum = V(0.0);
        //#unroll m FLIGHT
        if ($b + $m * S < K && LAST + $q - $m >= FROM && LAST + $q - $m < TO) { sum += seen[LAST + $q - $m]; }
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
        //#unroll q WIDE
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
    //#unroll a OPEN
    sums[$a] = sums[$a + S];
    //#end
    //#unroll a S
    sums[$a + OPEN] = array<V, WIDE>();
    //#end
  }
}
