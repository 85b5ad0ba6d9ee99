// y = x · σ(x); dy/dx = σ(x) · (1 + x · (1 − σ(x))).
// One invocation per four neighbouring elements or vectors, as lib/activation.wgsl and lib/activation_dx.wgsl say.
// No tile: every element is read once, from memory.
// The slope follows from x, not y: the function is not monotonic.
//#include lib/math.wgsl

fn value(x: f32) -> f32 {
  return x * sigmoid(x);
}

fn slope(x: f32) -> f32 {
  let s = sigmoid(x);
  return s * (1.0 + x * (1.0 - s));
}
