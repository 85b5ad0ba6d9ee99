// Max pooling, any window and stride; keeps which cell of the window won (the first of equals).
// One invocation per output pixel and channel group.
// No tile: the cache serves pixels that several windows share.
// Plain code for rare sizes: the sliding-window kernel takes the usual ones and is tested against this one.
//#include lib/index.wgsl
alias V = vec4f;
alias U = vec4u;
override SIZE: u32 = 64u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32,
  k: u32, stride: u32, pad_y: i32, pad_x: i32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read_write> y: array<V>;
@group(0) @binding(2) var<storage, read_write> won: array<U>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let pixel = i / p.c;
  let n = pixel / (p.ow * p.oh);
  if (n >= p.n) { return; }
  let top = i32(pixel / p.ow % p.oh * p.stride) - p.pad_y;
  let left = i32(pixel % p.ow * p.stride) - p.pad_x;
  var best = V(-3.4028234e38);
  var cell = U(0u);
  for (var kh = 0u; kh < p.k; kh++) {
    let iy = top + i32(kh);
    if (iy < 0 || iy >= i32(p.ih)) { continue; }
    let row = (n * p.ih + u32(iy)) * p.iw;
    for (var kw = 0u; kw < p.k; kw++) {
      let ix = left + i32(kw);
      if (ix < 0 || ix >= i32(p.iw)) { continue; }
      let v = x[(row + u32(ix)) * p.c + ch];
      let larger = v > best;
      best = select(best, v, larger);
      cell = select(cell, U(kh * p.k + kw), larger);
    }
  }
  y[i] = best;
  won[i] = cell;
}
