// A widget on a page without a kernel: a model of its fields, and its module started from its source.

/** What an AnyWidget module asks of its model: get, set, on, off, save_changes. */
export const pageModel = (state) => {
  const [handlers, values] = [{}, structuredClone(state)];
  return {
    get: (name) => values[name],
    set(name, value) {
      if (Object.is(values[name], value)) return;
      values[name] = value;
      for (const handler of handlers[`change:${name}`] ?? []) handler();
    },
    on: (event, handler) => (handlers[event] = [...(handlers[event] ?? []), handler]),
    off: (event, handler) => (handlers[event] = (handlers[event] ?? []).filter((other) => other !== handler)),
    save_changes() {},
  };
};

/** Render the module `source` in every element with this id that is still empty; one style sheet for all widgets. */
export const mount = async (id, source, state, style) => {
  if (!document.getElementById("vae-widget-style")) {
    const sheet = Object.assign(document.createElement("style"), { id: "vae-widget-style", textContent: style });
    document.head.append(sheet);
  }
  try {
    const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    for (const el of document.querySelectorAll(`[id="${id}"]:not([data-mounted])`)) {
      el.dataset.mounted = "";
      module.default.render({ model: pageModel(state), el });
    }
  } catch (error) {
    reportError(error);
    document.getElementById(id).textContent = "This widget could not start in your browser.";
  }
};
