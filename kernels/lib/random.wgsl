// Counter-based random bits (pcg4d, Jarzynski & Olano 2020): equal to src/common/random.ts.
fn random_bits(seed: u32, stream: u32, step: u32, index: u32) -> u32 {
  var v = vec4u(seed, stream, step, index) * 1664525u + 1013904223u;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v ^= v >> vec4u(16u);
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v.w;
}

// Uniform in [0, 1) with 24 bits.
fn uniform01(seed: u32, stream: u32, step: u32, index: u32) -> f32 {
  return f32(random_bits(seed, stream, step, index) >> 8u) / 16777216.0;
}
