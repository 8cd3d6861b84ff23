// For teachers: lab.html?hide=beta,sigma,challenges leaves out controls, the read-out or the challenges.

/** Take out of sight the parts, elements by name, that `text` lists with commas between; other names are no matter. */
export const hideParts = (parts, text) => {
  for (const name of (text ?? "").split(",")) if (Object.hasOwn(parts, name)) parts[name].classList.add("vae-off");
};
