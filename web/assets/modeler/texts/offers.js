// Names that are offered while somebody types an expression.
const BEGUN = /[\p{L}_][\p{L}\p{N}_.]*$/u;
const MOST = 8;

// The beginning of a name that stands before the cursor; "" where none does.
export const nameBefore = (text, cursor) => BEGUN.exec(text.slice(0, cursor))?.[0] ?? "";

// The names that hold what was begun, in their key or their words; not the one that is already there.
export function fitting(begun, names) {
  if (!begun) return [];
  const holds = (one) => one.key.includes(begun) || one.name.includes(begun);
  return names().filter((one) => one.key !== begun && holds(one)).slice(0, MOST);
}
