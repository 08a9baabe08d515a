// An element with properties and content: `make("a", { href }, "words", other)`. Text is text, never markup.
export function make(name, properties = {}, ...content) {
  const { dataset, ...plain } = properties;
  const made = Object.assign(document.createElement(name), plain);
  Object.assign(made.dataset, dataset);
  made.append(...content.flat().filter((one) => one !== null && one !== undefined && one !== false));
  return made;
}
