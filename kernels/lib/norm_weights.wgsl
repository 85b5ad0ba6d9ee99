// Gradients of a norm's gamma (to grad) and beta (to grad, or to other if they do not share a buffer). A
// kernel that includes this has grad and other, and in p which of them are written, where, and whether added.
fn write_weight(i: u32, dgamma: f32, dbeta: f32) {
  let gamma_to = p.gamma_to + i;
  let beta_to = p.beta_to + i;
  if (p.write_gamma != 0u) {
    grad[gamma_to] = select(0.0, grad[gamma_to], p.add_gamma != 0u) + dgamma;
  }
  if (p.write_beta != 0u && p.one_buffer != 0u) {
    grad[beta_to] = select(0.0, grad[beta_to], p.add_beta != 0u) + dbeta;
  }
  if (p.write_beta != 0u && p.one_buffer == 0u) {
    other[beta_to] = select(0.0, other[beta_to], p.add_beta != 0u) + dbeta;
  }
}
