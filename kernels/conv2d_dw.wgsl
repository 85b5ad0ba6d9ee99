// Weight gradient of a convolution, channels in fours: sums of x dy over a span of output rows, to be
// added up by sum_splits; over all rows, the gradient itself.
// One invocation per span, kernel row, C vec4 of input and Q vec4 of output channels.
// A window of a row of x and T pixels of dy are held in registers, and C × K × 4 × Q sums.
// Many products per load; stores in one loop, since each store in the text takes long to compile.
//#include lib/index.wgsl
//#include lib/relu.wgsl
alias V = vec4f;
override SIZE: u32 = 8u;
const K = 3u;
const S = 1u;
const C = 1u;
const Q = 2u;
// Pixels per step and the columns of their window: outside (FIRST), kept from the previous step (COLS_KEPT),
// newly loaded (COLS_LOADED), outside. A step forward moves the window by COLS_STEP columns.
const T = 2u;
const WINDOW = 4u;
const FIRST = 0u;
const COLS_KEPT = 2u;
const COLS_LOADED = 2u;
const COLS_STEP = 2u;
// False if T pixels are the whole row: then no loop, which would cost half as much again, and no mask.
const STEPS = true;
// Whether sums are in registers, and copied at the end; else in memory, where software keeps them anyway.
const IN_REGISTERS = false;

struct P {
  ih: u32, iw: u32, ci: u32, oh: u32, ow: u32, co: u32, rows: u32, top: i32, left: i32,
  span: u32, splits: u32, relu: u32, add: u32, count: u32, sums_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(3) var<uniform> p: P;

// The first row from `row` on whose index in its image is from `low` to below `high`.
fn inside(row: u32, low: u32, high: u32) -> u32 {
  let oy = row % p.oh;
  return row + select(0u, low - oy, oy < low) + select(0u, p.oh - oy + low, oy >= high);
}

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ci = p.ci / 4u;
  let co = p.co / 4u;
  let outs = (co + Q - 1u) / Q;
  let ins = (ci + C - 1u) / C;
  let o = i % outs * Q;
  let c = i / outs % ins * C;
  let split = i / outs / ins % p.splits;
  let ky = i / outs / ins / p.splits;
  if (ky >= K) { return; }
  // Output rows from `low` to below `high` of an image read a row of x through this row of the kernel.
  let shift = p.top - i32(ky);
  let low = u32(max(shift + i32(S) - 1i, 0i)) / S;
  let high = min(u32(max(i32(p.ih) + shift + i32(S) - 1i, 0i)) / S, p.oh);
  var a: array<vec4f, C * K * 4u * Q>;
  let end = select(min((split + 1u) * p.span, p.rows), 0u, low >= high);
  for (var row = inside(split * p.span, low, high); row < end; row = inside(row + 1u, low, high)) {
    let line = i32((row / p.oh * p.ih + u32(i32(row % p.oh * S) - shift)) * p.iw);
    var v: array<vec4f, WINDOW * C>;
    //#unroll l COLS_KEPT
    //#unroll c C
    v[$l * C + $c] = x[u32(max(line + $l - p.left, 0i)) * ci + min(c + $c, ci - 1u)];
    v[$l * C + $c] = relu_in(v[$l * C + $c], p.relu != 0u);
    v[$l * C + $c] = select(vec4f(), v[$l * C + $c], u32($l - p.left) < p.iw);
    //#end
    //#end
    var ox = 0u;
    //#if STEPS
    for (; ox < p.ow; ox += T)
    //#end
    {
      let column = i32(ox * S + FIRST + COLS_KEPT) - p.left;
      //#unroll l COLS_LOADED
      //#unroll c C
      {
        const L = (FIRST + COLS_KEPT + $l) * C + $c;
        v[L] = x[u32(max(line + column + $l, 0i)) * ci + min(c + $c, ci - 1u)];
        v[L] = relu_in(v[L], p.relu != 0u);
        //#if STEPS
        v[L] = select(vec4f(), v[L], u32(column + $l) < p.iw);
        //#end
      }
      //#end
      //#end
      //#unroll q Q
      {
        //#unroll t T
        var d$t = dy[(row * p.ow + ox + $t) * co + min(o + $q, co - 1u)];
        //#if STEPS
        d$t = select(vec4f(), d$t, ox + $t < p.ow);
        //#end
        //#end
        // All pixels of a sum one after the other: it stays in a register meanwhile.
        //#unroll c C
        //#unroll k K
        //#unroll n 4
        {
          var sum = a[(($c * K + $k) * 4 + $n) * Q + $q];
          //#unroll t T
          if ($t * S + $k >= FIRST && $t * S + $k < FIRST + COLS_KEPT + COLS_LOADED) {
            sum = fma(vec4f(v[($t * S + $k) * C + $c][$n]), d$t, sum);
          }
          //#end
          a[(($c * K + $k) * 4 + $n) * Q + $q] = sum;
        }
        //#end
        //#end
        //#end
      }
      //#end
      //#unroll l COLS_KEPT
      //#unroll c C
      v[$l * C + $c] = v[($l + COLS_STEP) * C + $c];
      //#end
      //#end
    }
  }
  {
    //#if IN_REGISTERS
    var a = a;
    //#end
    // The text has one store: each takes as long to compile as many terms.
    for (var j = 0u; j < p.count; j++) {
      let n = j / Q % 4u;
      let k = j / (4u * Q) % K;
      let at = vec2u(c + j / (4u * Q * K), o + j % Q);
      if (at.x < ci && at.y < co) {
        let to = p.sums_at / 4u + ((split * K * K + ky * K + k) * p.ci + at.x * 4u + n) * co + at.y;
        var v = a[j];
        if (p.add != 0u) { v += sums[to]; }
        sums[to] = v;
      }
    }
  }
}
