/**
 * Adam (Kingma & Ba, ICLR 2015) for predictors on the CPU. As in the authors' release, decay is added to the
 * gradient.
 */
export interface AdamOptions {
  lr: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  /** Weight decay: λ of λ/2·Σw². */
  decay?: number;
}

export class Adam {
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  #steps = 0;

  constructor(size: number, private readonly options: AdamOptions) {
    this.#first = new Float64Array(size);
    this.#second = new Float64Array(size);
  }

  /**
   * Changes the parameters and sets the gradient to 0.
   * @param lr learning rate, when a schedule changes it.
   */
  step(params: Float64Array, gradient: Float64Array, lr = this.options.lr): void {
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 0 } = this.options;
    const first = this.#first, second = this.#second;
    this.#steps++;
    const scale = lr / (1 - beta1 ** this.#steps);
    const correct = 1 / (1 - beta2 ** this.#steps);
    for (let i = 0; i < params.length; i++) {
      const g = gradient[i] + decay * params[i];
      const m = first[i] = beta1 * first[i] + (1 - beta1) * g;
      const v = second[i] = beta2 * second[i] + (1 - beta2) * g * g;
      params[i] -= scale * m / (Math.sqrt(v * correct) + epsilon);
    }
    gradient.fill(0);
  }
}
