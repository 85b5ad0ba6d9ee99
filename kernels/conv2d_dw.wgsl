// Weight gradient of a convolution, channels in fours: sums of x dy over a span of output rows, to be added
// up by split_sum. One invocation per span, kernel row, vec4 of input and Q vec4 of output channels.
//#include lib/index.wgsl
override SIZE: u32 = 8u;
const K = 3u;
const S = 1u;
const Q = 2u;
// Pixels per step and the columns of x that they see.
const T = 2u;
const WINDOW = 4u;

struct P {
  ih: u32, iw: u32, ci: u32, oh: u32, ow: u32, co: u32, rows: u32, top: i32, left: i32,
  span: u32, splits: u32, relu: u32, sums_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ci = p.ci / 4u;
  let co = p.co / 4u;
  let outs = (co + Q - 1u) / Q;
  let o = i % outs * Q;
  let c = i / outs % ci;
  let ky = i / outs / ci % K;
  let split = i / outs / ci / K;
  if (split >= p.splits) { return; }
  // Not max(), which may turn NaN into a number.
  let least = vec4f(select(-3.4028234e38, 0.0, p.relu != 0u));
  var a: array<vec4f, K * 4u * Q>;
  let end = min((split + 1u) * p.span, p.rows);
  for (var row = split * p.span; row < end; row++) {
    let iy = i32(row % p.oh * S + ky) - p.top;
    if (iy < 0i || iy >= i32(p.ih)) { continue; }
    let line = i32((row / p.oh * p.ih + u32(iy)) * p.iw);
    for (var ox = 0u; ox < p.ow; ox += T) {
      let column = i32(ox * S) - p.left;
      var v: array<vec4f, WINDOW>;
      //#unroll l WINDOW
      v[$l] = x[u32(max(line + column + $l, 0i)) * ci + c];
      v[$l] = select(v[$l], least, v[$l] < least);
      v[$l] = select(vec4f(), v[$l], u32(column + $l) < p.iw);
      //#end
      //#unroll t T
      {
        let last = ox + $t >= p.ow;
        let at = (row * p.ow + ox + $t) * co;
        //#unroll q Q
        {
          let d = select(dy[at + min(o + $q, co - 1u)], vec4f(), last);
          //#unroll k K
          //#unroll n 4
          a[($k * 4 + $n) * Q + $q] =
            fma(vec4f(v[$t * S + $k][$n]), d, a[($k * 4 + $n) * Q + $q]);
          //#end
          //#end
        }
        //#end
      }
      //#end
    }
  }
  //#unroll k K
  //#unroll n 4
  //#unroll q Q
  if (o + $q < co) {
    sums[p.sums_at / 4u + ((split * K * K + ky * K + $k) * p.ci + c * 4u + $n) * co + o + $q] =
      a[($k * 4 + $n) * Q + $q];
  }
  //#end
  //#end
  //#end
}
