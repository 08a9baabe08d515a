// What stands in the form at the door, and what is missing there.

// The pairs that `restore` takes, of values by name: lists are several pairs of one name.
export const pairsOf = (values) => Object.entries(values).flatMap(([name, value]) => {
  const all = Array.isArray(value) ? value : [value];
  return all.filter((one) => one !== null && one !== undefined).map((one) => [name, spoken(one)]);
});

const spoken = (value) => (value === true ? "true" : value === false ? "" : String(value));

// The values that pairs hold, as `pairsOf` takes them.
export function valuesOf(pairs) {
  const found = {};
  for (const [name, value] of pairs) {
    if (!(name in found)) found[name] = value;
    else found[name] = [found[name], value].flat();
  }
  return found;
}

// The first field that must be filled and is not: {label, part}; null when there is none. What is hidden is
// not asked for.
export function unfilled(form) {
  for (const must of form.querySelectorAll(".must")) {
    const part = must.closest(".field, fieldset[data-place]");
    if (!part || part.closest("[hidden]") || answered(part)) continue;
    return { label: must.parentElement.textContent.replace("*", "").trim(), part };
  }
  return null;
}

function answered(part) {
  const boxes = [...part.querySelectorAll("input[type=radio], input[type=checkbox]")];
  if (boxes.length) return boxes.some((box) => box.checked);
  return [...part.querySelectorAll("input[name], select, textarea")].some((one) => one.value.trim());
}
