// Partial gradients of a depthwise convolution by its weights, any window, stride and dilation.
// One invocation per run of output rows, tap and channel group.
// No tile: sums of a run of rows are one register; sum_splits adds up the runs.
// Plain code for rare sizes: the sliding-window kernel takes the usual ones and is tested against this one.
//#include lib/index.wgsl
//#include lib/relu.wgsl
alias V = vec4f;
override SIZE: u32 = 64u;

struct P {
  n: u32, ih: u32, iw: u32, oh: u32, ow: u32, c: u32,
  k: u32, stride: u32, dilation: u32, pad_y: i32, pad_x: i32, relu: u32, rows: u32, splits: u32,
  partials_at: u32,
}
@group(0) @binding(0) var<storage, read> x: array<V>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read_write> partials: array<V>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  let ch = i % p.c;
  let tap = i / p.c % (p.k * p.k);
  let split = i / (p.c * p.k * p.k);
  if (split >= p.splits) { return; }
  let kh = i32(tap / p.k * p.dilation) - p.pad_y;
  let kw = i32(tap % p.k * p.dilation) - p.pad_x;
  var sum = V(0.0);
  for (var row = split * p.rows; row < min((split + 1u) * p.rows, p.n * p.oh); row++) {
    let iy = i32(row % p.oh * p.stride) + kh;
    if (iy < 0 || iy >= i32(p.ih)) { continue; }
    let start = (row / p.oh * p.ih + u32(iy)) * p.iw;
    for (var ox = 0u; ox < p.ow; ox++) {
      let ix = i32(ox * p.stride) + kw;
      if (ix < 0 || ix >= i32(p.iw)) { continue; }
      let v = x[(start + u32(ix)) * p.c + ch];
      sum += dy[(row * p.ow + ox) * p.c + ch] * relu_in(v, p.relu != 0u);
    }
  }
  partials[p.partials_at + i] = sum;
}
