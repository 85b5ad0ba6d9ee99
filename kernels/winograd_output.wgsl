// y (+)= Aᵀ m A, tiles of 2 × 2 pixels of Winograd's F(2×2, 3×3).
// One invocation per tile and vec4 of channels.
// A tile of 4 × 4 values is held in registers.
// Transforms are straight-line code: sums of literal positions.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

// `pixels` is 4: loops of constant length would be unrolled by drivers.
struct P {
  tiles: u32, first: u32, oh: u32, ow: u32, down: u32, across: u32, co: u32, pixels: u32,
  gated: u32, add: u32,
}
@group(0) @binding(0) var<storage, read> m: array<vec4f>;
@group(0) @binding(1) var<storage, read> gate: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let co = p.co / 4u;
  let all = p.tiles * co;
  if (i >= all) { return; }
  let tile = i / co;
  let place = tile % (p.down * p.across);
  let image = p.first + tile / (p.down * p.across);
  var t: array<vec4f, 8>;
  //#unroll r 4
  {
    let inner = m[($r * 4 + 1) * all + i];
    let outer = m[($r * 4 + 2) * all + i];
    t[$r * 2] = m[$r * 4 * all + i] + inner + outer;
    t[$r * 2 + 1] = inner - outer - m[($r * 4 + 3) * all + i];
  }
  //#end
  var sums: array<vec4f, 4>;
  //#unroll l 2
  sums[$l] = t[$l] + t[2 + $l] + t[4 + $l];
  sums[2 + $l] = t[2 + $l] - t[4 + $l] - t[6 + $l];
  //#end
  for (var j = 0u; j < p.pixels; j++) {
    let oy = place / p.across * 2u + j / 2u;
    let ox = place % p.across * 2u + j % 2u;
    if (oy < p.oh && ox < p.ow) {
      let to = ((image * p.oh + oy) * p.ow + ox) * co + i % co;
      var v = sums[j];
      if (p.gated != 0u) { v = select(vec4f(), v, gate[to] > vec4f()); }
      if (p.add != 0u) { v += y[to]; }
      y[to] = v;
    }
  }
}
