// The names of a form's controls, in rows and in rows of rows, and what it says of a computed value.
const KIND = /^(f-|file:)?/; // what stands before a name in an element's id, and in a file's name
const quantity = new Intl.NumberFormat("zh-CN", { maximumFractionDigits: 2 });

// A name, id or list of ids of a row that was `from` and is now `to`; as it was where it is none of the
// row's.
export function renamed(name, from, to) {
  const [start] = KIND.exec(name);
  if (!name.startsWith(from, start.length)) return name;
  return start + to + name.slice(start.length + from.length);
}

// What was typed, by name: a box that is ticked several times has several values.
export function byName(pairs) {
  const found = new Map();
  for (const [name, value] of pairs) found.set(name, [...(found.get(name) ?? []), value]);
  return found;
}

// How many rows a list had of whose controls these are the names.
export function rowsOf(list, names) {
  const start = `${list}-`;
  const own = names.filter((name) => name.startsWith(start));
  const numbers = own.map((name) => Number.parseInt(name.slice(start.length), 10));
  return Math.max(0, ...numbers.filter((number) => number >= 0).map((number) => number + 1));
}

// A computed value in words: of a choice its label, of a number no more than two decimals.
export function said(value, words) {
  if (Array.isArray(value)) return value.map((one) => words[one] ?? one).join("、") || "—";
  if (value === null) return "—";
  return typeof value === "number" ? quantity.format(value) : String(words[value] ?? value);
}
