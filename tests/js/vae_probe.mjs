// Evaluates the browser's VAE on weights, data and noise that come from elsewhere, for comparison with PyTorch.
import { Adam } from "../../vae_utils/widgets/network.mjs";
import { Vae } from "../../vae_utils/widgets/vae.mjs";

/** { model, theta, x, eps, beta, sigma, rate } -> loss terms, gradient, and the weights after one step of Adam. */
export const probe = ({ model, theta, x, eps, beta, sigma, rate }) => {
  const vae = new Vae(model);
  vae.theta.set(theta);
  const rows = x.length / vae.dim;
  const terms = vae.loss(Float32Array.from(x), Float32Array.from(eps), rows, { beta, sigma, learn: true });
  const gradient = Array.from(vae.gradient);
  new Adam(vae.theta.length).step(vae.theta, vae.gradient, rate);
  return { ...terms, gradient, theta: Array.from(vae.theta) };
};
