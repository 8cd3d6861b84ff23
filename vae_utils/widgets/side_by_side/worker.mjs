// The worker of a GAN and a VAE side by side.
import { serve } from "../parts/worker_loop.mjs";
import { Pair } from "./pair.mjs";

serve((plan) => new Pair(plan));
