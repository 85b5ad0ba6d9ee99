// Gradient of the factors of scale_channels: sum over the pixels of x · dy, for each image and channel.
// One invocation per image and channel.
// No tile: every pixel is read once; neighbours read neighbouring channels.
// One loop in a fixed order: images and channels are enough for every lane.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, pixels: u32, c: u32, add: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dfactors: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  var at = i / p.c * p.pixels * p.c + i % p.c;
  var sum = 0.0;
  for (var q = 0u; q < p.pixels; q++) {
    sum += x[at] * dy[at];
    at += p.c;
  }
  dfactors[i] = select(sum, dfactors[i] + sum, p.add != 0u);
}
