// The lines above an editor: who else is here comes and goes by itself, what went wrong stays until a save
// succeeds, what this browser kept stays until somebody decides.
import { fill } from "../page/older.js";
import { button, h } from "./elements.js";

export class Notices {
  constructor(box) {
    this.box = box;
  }

  // The one line of that name; without words it goes.
  put(name, kind, role, ...content) {
    let place = this.box.querySelector(`[data-line=${name}]`);
    if (!place) this.box.append((place = h("div", { "data-line": name })));
    fill(place, h("div", { className: `alert alert-${kind}`, role }, ...content));
  }

  clear(name) {
    const place = this.box.querySelector(`[data-line=${name}]`);
    if (place) fill(place);
  }
}

export const act = (label, onclick) =>
  button(label, onclick, { className: "btn btn-sm btn-outline-secondary" });
export const mainAct = (label, onclick) => button(label, onclick, { className: "btn btn-sm btn-primary" });

// Hand a text over as a file.
export function download(text, name, type) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
