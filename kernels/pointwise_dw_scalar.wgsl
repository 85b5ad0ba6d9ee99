// Weight gradient of a 1×1 convolution, any channel counts: sums of x dy over a span of pixels, to be
// added up by sum_splits.
// One invocation per span and 4 × 8 tile.
// No tile in work-group memory: 4 × 8 sums are held by the invocation.
// The path for channels that do not divide by four.
//#include lib/index.wgsl
//#include lib/pixel.wgsl
//#include lib/relu.wgsl
alias V = f32;
override SIZE: u32 = 8u;
const C = 4u;
const Q = 8u;

struct P {
  rows: u32, oh: u32, ow: u32, ih: u32, iw: u32, mul: u32, shift: i32,
  ci: u32, co: u32, span: u32, splits: u32, relu: u32, sums_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let outs = (p.co + Q - 1u) / Q;
  let ins = (p.ci + C - 1u) / C;
  let o = i % outs * Q;
  let c = i / outs % ins * C;
  let split = i / outs / ins;
  if (split >= p.splits) { return; }
  var a: array<f32, C * Q>;
  let end = min((split + 1u) * p.span, p.rows);
  for (var row = split * p.span; row < end; row++) {
    let place = source(row, p.rows, p.oh, p.ow, p.ih, p.iw, p.mul, 1u, p.shift);
    //#unroll q Q
    let d$q = dy[row * p.co + min(o + $q, p.co - 1u)];
    //#end
    //#unroll c C
    var v$c = x[place.row * p.ci + min(c + $c, p.ci - 1u)];
    v$c = relu_in(v$c, p.relu != 0u);
    v$c = select(0.0, v$c, place.live);
    //#unroll q Q
    a[$c * Q + $q] = fma(v$c, d$q, a[$c * Q + $q]);
    //#end
    //#end
  }
  //#unroll c C
  //#unroll q Q
  if (c + $c < p.ci && o + $q < p.co) {
    sums[p.sums_at + (split * p.ci + c + $c) * p.co + o + $q] = a[$c * Q + $q];
  }
  //#end
  //#end
}
