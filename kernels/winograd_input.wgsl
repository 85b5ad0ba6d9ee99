// Tiles of 4 × 4 pixels of act(x), which overlap by two, for Winograd's F(2×2, 3×3): v = Bᵀ x B, one
// matrix [tiles, ci] for each of 16 positions.
// One invocation per tile and vec4 of channels.
// A tile of 4 × 4 values is held in registers.
// Transforms are straight-line code: sums of literal positions.
//#include lib/index.wgsl
//#include lib/relu.wgsl
alias V = vec4f;
override SIZE: u32 = 64u;

struct P {
  tiles: u32, first: u32, ih: u32, iw: u32, down: u32, across: u32, ci: u32, relu: u32,
}
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ci = p.ci / 4u;
  let all = p.tiles * ci;
  if (i >= all) { return; }
  let tile = i / ci;
  let place = tile % (p.down * p.across);
  let image = p.first + tile / (p.down * p.across);
  let top = i32(place / p.across * 2u) - 1;
  let left = i32(place % p.across * 2u) - 1;
  var t: array<vec4f, 16>;
  //#unroll r 4
  {
    let at = (i32(image * p.ih) + top + $r) * i32(p.iw) + left;
    let live = u32(top + $r) < p.ih;
    //#unroll l 4
    var d$l = x[u32(max(at + $l, 0i)) * ci + i % ci];
    d$l = relu_in(d$l, p.relu != 0u);
    d$l = select(vec4f(), d$l, live && u32(left + $l) < p.iw);
    //#end
    t[$r * 4] = d0 - d2;
    t[$r * 4 + 1] = d1 + d2;
    t[$r * 4 + 2] = d2 - d1;
    t[$r * 4 + 3] = d1 - d3;
  }
  //#end
  //#unroll l 4
  v[$l * all + i] = t[$l] - t[8 + $l];
  v[(4 + $l) * all + i] = t[4 + $l] + t[8 + $l];
  v[(8 + $l) * all + i] = t[8 + $l] - t[4 + $l];
  v[(12 + $l) * all + i] = t[4 + $l] - t[12 + $l];
  //#end
}
