// The page's end of a training that runs in a worker (see worker_loop.mjs).

/** The worker, its latest picture and the orders it takes. */
export const startWorker = (ui, heard) => {
  const source = URL.createObjectURL(new Blob([ui.get("worker_source")], { type: "text/javascript" }));
  const worker = new Worker(source);
  const state = { run: 0, asked: 0, picture: null };
  worker.addEventListener("message", ({ data }) => {
    worker.postMessage({ order: "seen" });
    if (data.run !== state.run) return;
    state.picture = data;
    heard(data);
  });
  ui.cleanup(() => {
    worker.terminate();
    URL.revokeObjectURL(source);
  });
  state.order = (order, details = {}) => worker.postMessage({ order, ...details });
  return state;
};

/** Whether a picture says that training ended by itself: one from before the last order to run says nothing of it. */
export const rests = (trainer, picture) => picture.asked === trainer.asked && !picture.running && !picture.replaying;
