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

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS = "10X98765432";

// What is wrong with an ID number, as far as the door can tell (GB 11643: 18 characters, the last follows
// from the others; the certificate of a disabled person has 20 or 22); "" when nothing is.
export function wrongNumber(typed) {
  const number = typed.normalize("NFKC").replace(/\s/g, "").toUpperCase();
  if (!number || number.length === 20 || number.length === 22) return "";
  if (!/^\d{17}[\dX]$/.test(number)) return "身份证号码应为 18 位（残疾证 20 或 22 位）。";
  const sum = WEIGHTS.reduce((found, weight, at) => found + weight * Number(number[at]), 0);
  return CHECKS[sum % 11] === number[17] ? "" : "身份证号码的校验位不对，请逐位核对。";
}
