// Making what the editors' pages are built of.

// An element with its properties, listeners (`onclick`) and ARIA attributes (`ariaLabel`); what is null or
// false among the children is left out.
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name.startsWith("aria")) node.setAttribute(`aria-${name.slice(4).toLowerCase()}`, value);
    else if (name in node && name !== "list") node[name] = value;
    else if (value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const button = (label, onclick, more = {}) => h("button", { type: "button", onclick, ...more }, label);

export const hint = (words) => h("p", { className: "hint" }, words);
