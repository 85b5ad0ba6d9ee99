// y = x where the element's bit is set, else 0; added to y if wanted.
// One invocation per element.
// No tile: every element is read once; 32 neighbours share a word of bits.
// Plain code: the kernel is memory-bound. It computes the gradient of x too, from that of y.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, units: u32, words: u32, add: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> bits: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n) { return; }
  let unit = i % p.units;
  let on = ((bits[i / p.units * p.words + unit / 32u] >> (unit % 32u)) & 1u) == 1u;
  let v = select(0.0, x[i], on);
  y[i] = select(v, y[i] + v, p.add != 0u);
}
