// The 25 functions of one variable of the activation grammar, by number F: their values and derivatives. Three
// of them have a coefficient per channel, beta.
// One invocation per four neighbouring elements or vectors, or per channel and run of rows for beta, as the files
// lib/formula*.wgsl say.
// No tile: every element is read once, from memory.
// One text for all functions, chosen by a constant: software adapters spend time on every branch of a uniform.
//#include lib/math.wgsl

const PI: f32 = 3.14159265;

// sin(pi x) / (pi x); 1 at 0.
fn sinc(x: f32) -> f32 {
  let t = PI * x;
  return select(sin(t) / t, 1.0 - t * t / 6.0, abs(t) < 1e-2);
}

// Derivative of sinc; near 0 by its series, where the difference would cancel.
fn sinc_slope(x: f32) -> f32 {
  let t = PI * x;
  let series = PI * t * (-1.0 / 3.0 + t * t * (1.0 / 30.0 - t * t / 840.0));
  return select((cos(t) - sin(t) / t) / x, series, abs(t) < 0.5);
}

// The error function: its series near 0, else a rational Chebyshev approximation of the complement (Press et
// al., Numerical Recipes, section 6.2), exact to 1.2e-7.
fn erf(x: f32) -> f32 {
  let s = x * x;
  let series = 1.12837917 * x * (1.0 - s * (1.0 / 3.0 - s * (0.1 - s * (1.0 / 42.0 - s / 216.0))));
  let t = 1.0 / (1.0 + 0.5 * abs(x));
  let q = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 +
    t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  return select(sign(x) * (1.0 - t * exp(-s + q)), series, abs(x) < 0.5);
}

// `other` is the second variable of functions of two, unused here.
fn value(x: f32, other: f32, beta: f32) -> f32 {
  switch F {
    case 1u: { return -x; }
    case 2u: { return abs(x); }
    case 3u: { return x * x; }
    case 4u: { return x * x * x; }
    case 5u: { return sqrt(x); }
    case 6u: { return beta * x; }
    case 7u: { return beta + x; }
    case 8u: { return log(abs(x) + 1e-6); }
    case 9u: { return exp(x); }
    case 10u: { return sin(x); }
    case 11u: { return cos(x); }
    case 12u: { return sinh(x); }
    case 13u: { return cosh(x); }
    case 14u: { return bounded_tanh(x); }
    case 15u: { return asinh(x); }
    case 16u: { return atanh(x); }
    case 17u: { return sinc(x); }
    case 18u: { return select(x, 0.0, x < 0.0); }
    case 19u: { return select(x, 0.0, x > 0.0); }
    case 20u: { return sigmoid(x); }
    case 21u: { return -log_sigmoid(-x); }
    case 22u: { return exp(-x * x); }
    case 23u: { return erf(x); }
    case 24u: { return beta; }
    default: { return x; }
  }
}

fn slope(x: f32, other: f32, beta: f32, second: bool) -> f32 {
  switch F {
    case 1u: { return -1.0; }
    case 2u: { return sign(x); }
    case 3u: { return 2.0 * x; }
    case 4u: { return 3.0 * x * x; }
    case 5u: { return 0.5 / sqrt(x); }
    case 6u: { return beta; }
    case 8u: { return sign(x) / (abs(x) + 1e-6); }
    case 9u: { return exp(x); }
    case 10u: { return cos(x); }
    case 11u: { return -sin(x); }
    case 12u: { return cosh(x); }
    case 13u: { return sinh(x); }
    case 14u: {
      let t = bounded_tanh(x);
      return 1.0 - t * t;
    }
    case 15u: { return 1.0 / sqrt(x * x + 1.0); }
    case 16u: { return 1.0 / (1.0 - x * x); }
    case 17u: { return sinc_slope(x); }
    case 18u: { return select(0.0, 1.0, x > 0.0); }
    case 19u: { return select(0.0, 1.0, x < 0.0); }
    case 20u: { return sigmoid(x) * sigmoid(-x); }
    case 21u: { return sigmoid(x); }
    case 22u: { return -2.0 * x * exp(-x * x); }
    case 23u: { return 1.12837917 * exp(-x * x); }
    case 24u: { return 0.0; }
    default: { return 1.0; }
  }
}

fn slope_beta(x: f32, other: f32, beta: f32) -> f32 {
  return select(1.0, x, F == 6u);
}
