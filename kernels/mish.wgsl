// y = x · t, t = tanh(ln(1 + eˣ)); dy/dx = t + x · σ(x) · (1 − t²).
// One invocation per four neighbouring elements or vectors, as lib/activation.wgsl and lib/activation_dx.wgsl say.
// No tile: every element is read once, from memory.
// The slope follows from x, not y: the function is not monotonic.
//#include lib/math.wgsl

fn value(x: f32) -> f32 {
  return x * tanh_softplus(x);
}

fn slope(x: f32) -> f32 {
  let t = tanh_softplus(x);
  return t + x * sigmoid(x) * (1.0 - t * t);
}
