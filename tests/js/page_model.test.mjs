import { equal } from "./check.mjs";
import { pageModel } from "../../vae_utils/widgets/parts/page_model.mjs";

export const tests = {
  "a field is heard when it changes, and only then": () => {
    const [model, heard] = [pageModel({ mu: 1, sigma: 2 }), []];
    model.on("change:mu", () => heard.push(model.get("mu")));
    for (const [name, value] of [["mu", 1], ["sigma", 3], ["mu", NaN], ["mu", NaN], ["mu", 4]]) model.set(name, value);
    equal([heard.length, heard[1], model.get("sigma")], [2, 4, 3]);
  },
  "a handler that was taken off hears nothing, and may go while it is called": () => {
    const [model, heard] = [pageModel({ mu: 1 }), []];
    const once = () => {
      heard.push("once");
      model.off("change:mu", once);
    };
    model.on("change:mu", once);
    model.on("change:mu", () => heard.push("always"));
    for (const value of [2, 3]) model.set("mu", value);
    equal(heard, ["once", "always", "always"]);
    model.off("change:sigma", once);
  },
  "two copies share nothing": () => {
    const state = { points: [[0, 0]] };
    const [first, second] = [pageModel(state), pageModel(state)];
    first.get("points").push([1, 1]);
    equal(second.get("points"), [[0, 0]]);
  },
};
