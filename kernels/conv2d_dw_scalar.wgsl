// Weight gradient of a convolution, any channel counts: sums of x dy over a span of output rows, to be
// added up by sum_splits.
// One invocation per span, kernel row, input channel and Q output channels.
// A window of a row of x is held in registers, and K × Q sums.
// The path for channels that do not divide by four.
//#include lib/index.wgsl
//#include lib/relu.wgsl
alias V = f32;
override SIZE: u32 = 8u;
const K = 3u;
const S = 1u;
const Q = 8u;
// Pixels per step and the columns of x that they see.
const T = 2u;
const WINDOW = 4u;

struct P {
  ih: u32, iw: u32, ci: u32, oh: u32, ow: u32, co: u32, rows: u32, top: i32, left: i32,
  span: u32, splits: u32, relu: u32, count: u32, sums_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let outs = (p.co + Q - 1u) / Q;
  let o = i % outs * Q;
  let c = i / outs % p.ci;
  let ky = i / outs / p.ci % K;
  let split = i / outs / p.ci / K;
  if (split >= p.splits) { return; }
  var a: array<f32, K * Q>;
  let end = min((split + 1u) * p.span, p.rows);
  for (var row = split * p.span; row < end; row++) {
    let iy = i32(row % p.oh * S + ky) - p.top;
    if (iy < 0i || iy >= i32(p.ih)) { continue; }
    let line = i32((row / p.oh * p.ih + u32(iy)) * p.iw);
    for (var ox = 0u; ox < p.ow; ox += T) {
      let column = i32(ox * S) - p.left;
      var v: array<f32, WINDOW>;
      //#unroll l WINDOW
      v[$l] = x[u32(max(line + column + $l, 0i)) * p.ci + c];
      v[$l] = relu_in(v[$l], p.relu != 0u);
      v[$l] = select(0.0, v[$l], u32(column + $l) < p.iw);
      //#end
      //#unroll t T
      {
        let last = ox + $t >= p.ow;
        let at = (row * p.ow + ox + $t) * p.co;
        //#unroll q Q
        {
          let d = select(dy[at + min(o + $q, p.co - 1u)], 0.0, last);
          //#unroll k K
          a[$k * Q + $q] = fma(v[$t * S + $k], d, a[$k * Q + $q]);
          //#end
        }
        //#end
      }
      //#end
    }
  }
  // The text has one store: each takes as long to compile as many terms.
  var all = a;
  for (var j = 0u; j < p.count; j++) {
    let k = ky * K + j / Q;
    let at = o + j % Q;
    if (at < p.co) {
      sums[p.sums_at + ((split * K * K + k) * p.ci + c) * p.co + at] = all[j];
    }
  }
}
