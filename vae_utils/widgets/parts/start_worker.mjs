// The page's end of a training that runs in a worker (see worker_loop.mjs).

/** The worker, its latest picture and the orders it takes; out of sight it rests. */
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
  /** Another training, by this plan, which does not run yet. */
  state.begin = (plan) => {
    state.run += 1;
    state.picture = null;
    state.order("setup", { plan, run: state.run, pause: ui.reducedMotion() ? 500 : 50 });
  };
  /** Train from now on, up to a step, or pause. */
  state.go = (on, until = Infinity) => {
    state.asked += 1;
    state.order("run", { on, asked: state.asked, until });
  };
  ui.sight((visible) => state.order("rest", { on: !visible }));
  return state;
};

/** Whether a picture says that training ended by itself: one from before the last order to run says nothing of it. */
export const rests = (trainer, picture) => picture.asked === trainer.asked && !picture.running && !picture.replaying;

/** What begins, and begins again after a Reset: `restart`, then to run if the widget was made running. */
export const makeBegin = (ui, restart) => {
  const wanted = ui.get("running");
  return () => {
    restart();
    if (wanted) ui.set("running", true);
  };
};
