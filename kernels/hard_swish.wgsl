// y = x · min(max(x + 3, 0), 6) / 6, NaN passes; dy/dx = 0 up to −3, 1 from 3 on, (2x + 3) / 6 between.
// One invocation per four neighbouring elements or vectors, as lib/activation.wgsl and lib/activation_dx.wgsl say.
// No tile: every element is read once, from memory.
// The slope follows from x, not y: the function is not monotonic.

fn value(x: f32) -> f32 {
  return x * clamp(x + 3.0, 0.0, 6.0) / 6.0;
}

fn slope(x: f32) -> f32 {
  let inner = (2.0 * x + 3.0) / 6.0;
  return select(select(inner, 1.0, x >= 3.0), 0.0, x <= -3.0);
}
