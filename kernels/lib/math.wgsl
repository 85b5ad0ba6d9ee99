// Functions that stay finite for large arguments.
fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}

fn log_sigmoid(x: f32) -> f32 {
  return min(x, 0.0) - log(1.0 + exp(-abs(x)));
}

// Some drivers compute tanh from exp(2x), which overflows; beyond 15 it is 1 in float32.
fn bounded_tanh(x: f32) -> f32 {
  return tanh(clamp(x, -15.0, 15.0));
}
