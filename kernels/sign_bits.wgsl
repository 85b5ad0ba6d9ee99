// Bit u of row r of y: whether element u of row r of x is above `at`.
// One invocation per word of 32 bits; the last word of a row ends with zero bits.
// No tile: every element is read once.
// Bits, since comparing two rows word by word reads a thirty-second of the memory.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, units: u32, words: u32, at: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = thread(id, groups, SIZE);
  if (i >= p.n * p.words) { return; }
  let first = i % p.words * 32u;
  let row = i / p.words * p.units;
  var word = 0u;
  for (var b = 0u; b < min(32u, p.units - first); b++) {
    word |= select(0u, 1u << b, x[row + first + b] > p.at);
  }
  y[i] = word;
}
