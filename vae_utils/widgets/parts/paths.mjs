// Paths from one code to another.
import { clamp } from "./maths.mjs";

/** The straight path: a at t = 0, b at t = 1. */
export const lerp = (a, b, t) => a.map((value, i) => (1 - t) * value + t * b[i]);

/** Along the sphere (Shoemake 1985); where the angle is undefined or zero, the straight path. */
export const slerp = (a, b, t) => {
  const [na, nb] = [Math.hypot(...a), Math.hypot(...b)];
  const cosine = a.reduce((total, value, i) => total + value * b[i], 0) / (na * nb);
  const omega = Math.acos(clamp(cosine, -1, 1));
  if (!(Math.sin(omega) > 1e-6)) return lerp(a, b, t);
  const [u, v] = [Math.sin((1 - t) * omega) / Math.sin(omega), Math.sin(t * omega) / Math.sin(omega)];
  return a.map((value, i) => u * value + v * b[i]);
};
