// Number of bits that are equal in rows i and j.
// One invocation per pair with j ≤ i, which writes both halves of the symmetric matrix.
// No tile: the rows of a batch, as bits, fit the caches.
// One loop per pair: integers, so that the order of the sum does not matter.
//#include lib/index.wgsl
override SIZE: u32 = 64u;

struct P { n: u32, units: u32, words: u32 }
@group(0) @binding(0) var<storage, read> bits: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<uniform> p: P;

@compute @workgroup_size(SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pair = thread(id, groups, SIZE);
  if (pair >= p.n * p.n) { return; }
  let i = pair / p.n;
  let j = pair % p.n;
  if (j > i) { return; }
  var different = 0u;
  for (var k = 0u; k < p.words; k++) {
    different += countOneBits(bits[i * p.words + k] ^ bits[j * p.words + k]);
  }
  y[i * p.n + j] = p.units - different;
  y[j * p.n + i] = p.units - different;
}
