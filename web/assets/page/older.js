// What the oldest browsers that we promise (docs/configuration.md) do not have, done with what they have.

/** Put this content in the place of what the box held. */
export function fill(box, ...content) {
  box.textContent = "";
  box.append(...content);
}

/** Submit as by its button, or as by none: checked by the browser, heard by whoever listens. */
export function send(form, given = null) {
  if (given?.isConnected) return given.click();
  const button = Object.assign(document.createElement("button"), { type: "submit", hidden: true });
  form.append(button);
  button.click();
  return button.remove();
}

let pressed = null;
addEventListener(
  "click",
  (event) => (pressed = event.target.closest?.("button, input[type=submit]") ?? null),
  true,
);

/** The button by which a form is being submitted; null when by none. */
export const buttonOf = (event) => (pressed?.form === event.target ? pressed : null);
