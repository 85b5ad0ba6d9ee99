// Weight gradient of a 1×1 convolution: sums of x dy over a span of pixels, to be added up by sum_splits.
// One invocation per span and C × Q tile of vec4.
// No tile in work-group memory: C × 4 × Q sums are held by the invocation.
// Many products per load; stores in one loop, since each store in the text takes long to compile.
//#include lib/index.wgsl
//#include lib/pixel.wgsl
//#include lib/relu.wgsl
alias V = vec4f;
override SIZE: u32 = 8u;
// Whether input pixels differ from output pixels: coordinates are multiplied and shifted.
override SAMPLED: bool = false;
const C = 4u;
const Q = 4u;
// Whether sums are in registers, and copied at the end; else in memory, where software keeps them anyway.
const IN_REGISTERS = false;

struct P {
  rows: u32, oh: u32, ow: u32, ih: u32, iw: u32, mul: u32, shift: i32,
  ci: u32, co: u32, span: u32, splits: u32, relu: u32, count: u32, sums_at: u32,
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
  let ins = (ci + C - 1u) / C;
  let o = i % outs * Q;
  let c = i / outs % ins * C;
  let split = i / outs / ins;
  if (split >= p.splits) { return; }
  //#unroll q Q
  let o$q = min(o + $q, co - 1u);
  //#end
  //#unroll c C
  let c$c = min(c + $c, ci - 1u);
  //#end
  var a: array<vec4f, C * 4u * Q>;
  let start = split * p.span;
  let end = min(start + p.span, p.rows);
  // Column, line and image of the output pixel: counted, as divisions are slow.
  var at = vec3u();
  if (SAMPLED) { at = vec3u(start % p.ow, start / p.ow % p.oh, start / p.ow / p.oh); }
  for (var row = start; row < end; row++) {
    var pixel = row;
    var live = true;
    if (SAMPLED) {
      let to = vec2i(at.xy * p.mul) + p.shift;
      live = all(to < vec2i(vec2u(p.iw, p.ih)));
      pixel = select(0u, (at.z * p.ih + u32(to.y)) * p.iw + u32(to.x), live);
      at.x++;
      if (at.x == p.ow) { at = vec3u(0u, at.y + 1u, at.z); }
      if (at.y == p.oh) { at = vec3u(0u, 0u, at.z + 1u); }
    }
    //#unroll q Q
    let d$q = dy[row * co + o$q];
    //#end
    //#unroll c C
    var v$c = x[pixel * ci + c$c];
    v$c = relu_in(v$c, p.relu != 0u);
    if (SAMPLED) { v$c = select(vec4f(), v$c, live); }
    //#unroll k 4
    //#unroll q Q
    a[($c * 4 + $k) * Q + $q] = fma(vec4f(v$c[$k]), d$q, a[($c * 4 + $k) * Q + $q]);
    //#end
    //#end
    //#end
  }
  let to = p.sums_at / 4u + split * ci * 4u * co;
  {
    //#if IN_REGISTERS
    var a = a;
    //#end
    // The text has one store: each takes as long to compile as many terms.
    for (var j = 0u; j < p.count; j++) {
      let n = j / Q;
      let v = vec2u(c + n / 4u, o + j % Q);
      if (v.x < ci && v.y < co) { sums[to + (v.x * 4u + n % 4u) * co + v.y] = a[j]; }
    }
  }
}
