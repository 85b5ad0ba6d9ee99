// y = x / 2 · (1 + t), t = tanh(u), u = √(2 / π) · (x + 0.044715 x³); dy/dx = (1 + t + x · (1 − t²) · u′) / 2.
// One invocation per four neighbouring elements or vectors, as lib/activation.wgsl and lib/activation_dx.wgsl say.
// No tile: every element is read once, from memory.
// The slope follows from x, not y: the function is not monotonic.
//#include lib/math.wgsl

// Beyond 10 the tanh is ±1, and cubes stay finite.
fn inner_tanh(b: f32) -> f32 {
  return bounded_tanh(0.7978845608 * (b + 0.044715 * b * b * b));
}

fn value(x: f32) -> f32 {
  return 0.5 * x * (1.0 + inner_tanh(clamp(x, -10.0, 10.0)));
}

fn slope(x: f32) -> f32 {
  let b = clamp(x, -10.0, 10.0);
  let t = inner_tanh(b);
  return 0.5 * (1.0 + t + x * (1.0 - t * t) * 0.7978845608 * (1.0 + 0.134145 * b * b));
}
