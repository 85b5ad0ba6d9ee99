// Sixteen matrix products m = v u over a slice of K input channels.
// One invocation per tile and Q vec4 of outputs.
// Weights of the slice are staged in work-group memory, sums lie in an array.
// Same code as pointwise convolutions, sixteen at once: weights at literal indices are operands.
override SIZE: u32 = 256u;
override ADD: bool = false;
const K4 = 4u;
const Q = 4u;

struct P { tiles: u32, ci: u32, co: u32, k0: u32, skip: u32 }
@group(0) @binding(0) var<storage, read> v: array<vec4f>;
@group(0) @binding(1) var<storage, read> u: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(3) var<uniform> p: P;

var<workgroup> tile: array<vec4f, K4 * 4u * Q>;

@compute @workgroup_size(SIZE)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  let place = group.y;
  let first = group.z * Q;
  let co = p.co / 4u;
  for (var i = local; i < K4 * 4u * Q; i += SIZE) {
    let k = i / Q;
    let n = first + i % Q;
    var w = vec4f();
    if (k >= p.skip && n < co) { w = u[(place * p.ci + p.k0 + k) * co + n]; }
    tile[i] = w;
  }
  workgroupBarrier();

  let row = group.x * SIZE + local;
  let at = ((place * p.tiles + min(row, p.tiles - 1u)) * p.ci + p.k0) / 4u;
  // In memory: with registers, a compiler for CPUs defers the additions, and spills each product until then.
  var a: array<vec4f, Q>;
  //#unroll k K4
  {
    let x = v[at + $k];
    //#unroll q Q
    {
      var sum = a[$q];
      //#unroll c 4
      sum = fma(vec4f(x[$c]), tile[($k * 4 + $c) * Q + $q], sum);
      //#end
      a[$q] = sum;
    }
    //#end
  }
  //#end
  if (row < p.tiles) {
    let to = (place * p.tiles + row) * co + first;
    for (var q = 0u; q < min(Q, co - first); q++) {
      if (ADD) { a[q] += m[to + q]; }
      m[to + q] = a[q];
    }
  }
}
