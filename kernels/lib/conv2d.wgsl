// Common part of `conv2d` and `conv2d_scalar`, all but y: sums of a slice of input channels. One invocation
// per T neighbouring pixels of a row in R images and Q vec4 of output channels.
alias V = f32;
override SIZE: u32 = 64u;
// Taps of a row, and columns between the windows of neighbouring pixels.
const K = 3u;
const S = 1u;
const T = 8u;
const R = 1u;
const Q = 4u;
// Whether sums are in registers, and copied at the end; else in memory, fetched once for all taps of a row.
// Software has too few registers, and its compiler takes long to find that out.
const IN_REGISTERS = false;
// Columns that T pixels see (WINDOW): always outside (FIRST, and the rest at the end), perhaps outside (LEFT
// and RIGHT), never outside (INNER).
const WINDOW = 10u;
const FIRST = 0u;
const LEFT = 1u;
const INNER = 8u;
const RIGHT = 1u;

// k is the kernel's size; of its columns every `div`-th from `tap` on is used, and every `div`-th row. The
// output columns computed are `phase` + `div` times 0 … ow − 1, of `width`. `count` is T R Q: loops of
// constant length would be unrolled by drivers.
struct P {
  k: u32, div: u32, tap: u32, phase: u32, width: u32, count: u32, n: u32, images: u32, tiles: u32,
  across: u32, ih: u32, iw: u32, ci: u32, oh: u32, ow: u32, co: u32, top: i32, left: i32,
  c0: u32, depth: u32, w_at: u32, wi: u32, wo: u32, flip: u32, relu: u32, gated: u32, add: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(4) var<uniform> p: P;

var<workgroup> tile: array<vec4f, 1024>;

fn stage(local: u32, first: u32) {
  for (var j = local; j < p.depth * p.k * K * Q; j += SIZE) {
    let o = (first + j % Q) * 4u;
    let row = j / (K * Q);
    var tap = row % p.k * p.k + p.tap + j / Q % K * p.div;
    if (p.flip != 0u) { tap = p.k * p.k - 1u - tap; }
    let at = p.w_at + tap * p.ci * p.co + (p.c0 + row / p.k) * p.wi + o * p.wo;
    var v = vec4f();
    if (o < p.co) { v = vec4f(w[at], w[at + p.wo], w[at + 2u * p.wo], w[at + 3u * p.wo]); }
    tile[j] = v;
  }
  workgroupBarrier();
}

@compute @workgroup_size(SIZE)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let first = group.z * Q;
  stage(local, first);

  // Neighbouring invocations take the same position in other images, so that all have the same rows outside,
  // or the next position in one image.
  let i = thread(id, groups, SIZE);
  let places = p.tiles * p.oh;
  if (i >= p.images * places) { return; }
  let image = select(i / places, i % p.images, p.across != 0u) * R;
  let place = select(i % places, i / p.images, p.across != 0u);
  let oy = place / p.tiles;
  let start = place % p.tiles * T;
  // The last tile ends at the end of the row; pixels shared with the previous tile are stored by that one.
  let ox = min(start, p.ow - T);
  let column = i32(ox * S + FIRST) - p.left;
  // Kernel row ky reads input row (above + ky) / div, if that is an integer and inside.
  let above = i32(oy * S) - p.top;
  let outside = u32(max(0i, -above));
  let begin = outside + (p.div - u32(above + i32(outside)) % p.div) % p.div;
  let end = u32(clamp(i32((p.ih - 1u) * p.div + 1u) - above, 0i, i32(p.k)));
  var a: array<vec4f, T * R * Q>;
  for (var ky = begin; ky < end; ky += p.div) {
    let line = (above + i32(ky)) / i32(p.div) * i32(p.iw) + column;
    for (var c = 0u; c < p.depth; c++) {
      var v: array<f32, R * WINDOW>;
      //#unroll r R
      let at$r = (i32((image + $r) * p.ih * p.iw) + line) * i32(p.ci) + i32(p.c0 + c);
      //#unroll l LEFT
      v[$r * WINDOW + FIRST + $l] =
        select(0.0, x[max(at$r + i32($l * p.ci), 0i)], u32(column + $l) < p.iw);
      //#end
      //#unroll l INNER
      v[$r * WINDOW + FIRST + LEFT + $l] = x[at$r + i32((LEFT + $l) * p.ci)];
      //#end
      //#unroll l RIGHT
      v[$r * WINDOW + FIRST + LEFT + INNER + $l] = select(
        0.0,
        x[max(at$r + i32((LEFT + INNER + $l) * p.ci), 0i)],
        u32(column + i32(LEFT + INNER + $l)) < p.iw,
      );
      //#end
      //#unroll l WINDOW
      v[$r * WINDOW + $l] = relu_in(v[$r * WINDOW + $l], p.relu != 0u);
      //#end
      //#end
      // All taps of a sum one after the other: it stays in a register meanwhile.
      //#unroll q Q
      {
        //#unroll k K
        let w$k = tile[((c * p.k + ky) * K + $k) * Q + $q];
        //#end
        //#unroll r R
        //#unroll t T
        {
          var sum = a[($r * T + $t) * Q + $q];
          //#unroll k K
          if ($t * S + $k >= FIRST && $t * S + $k < FIRST + LEFT + INNER + RIGHT) {
            sum = fma(vec4f(v[$r * WINDOW + $t * S + $k]), w$k, sum);
          }
          //#end
          a[($r * T + $t) * Q + $q] = sum;
        }
        //#end
        //#end
      }
      //#end
    }
  }
  {
    //#if IN_REGISTERS
    var a = a;
    //#end
    for (var j = 0u; j < p.count; j++) {
      let to = image + j / Q / T;
      let at = ox + j / Q % T;
      let o = first + j % Q;
      if (at >= start && to < p.n && o * 4u < p.co) {
        put(((to * p.oh + oy) * p.width + at * p.div + p.phase) * p.co + o * 4u, o * 4u, a[j]);
      }
    }
  }
}
