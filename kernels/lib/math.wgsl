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

// tanh(ln(1 + eˣ)), by the exponential of whichever of x and −x is not positive.
fn tanh_softplus(x: f32) -> f32 {
  let e = exp(-abs(x));
  let positive = (1.0 + 2.0 * e) / (1.0 + 2.0 * e + 2.0 * e * e);
  let negative = e * (e + 2.0) / (e * (e + 2.0) + 2.0);
  return select(negative, positive, x >= 0.0);
}
