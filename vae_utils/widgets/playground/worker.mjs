// The playground's worker.
import { serve } from "../parts/worker_loop.mjs";
import { Training } from "./training.mjs";

serve((plan) => new Training(plan));
