// Evaluates the trees that the server compiled from the forms' FEEL texts (conditions and computed values), so that a
// page answers while one types. The server evaluates everything again: this is for people, not for trust.

const compare = {
  "=": (a, b) => same(a, b),
  "!=": (a, b) => !same(a, b),
  "<": (a, b) => ordered(a, b, (x, y) => x < y),
  "<=": (a, b) => ordered(a, b, (x, y) => x <= y),
  ">": (a, b) => ordered(a, b, (x, y) => x > y),
  ">=": (a, b) => ordered(a, b, (x, y) => x >= y),
};
const arithmetic = {
  "+": (a, b) => (typeof a === typeof b ? a + b : null),
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => (b === 0 ? null : a / b),
  "**": (a, b) => a ** b,
};
const functions = {
  count: (list) => (Array.isArray(list) ? list.length : list == null ? null : 1),
  sum: (list) => (list.some((x) => typeof x !== "number") ? null : list.reduce((a, b) => a + b, 0)),
  min: (list) => Math.min(...list),
  max: (list) => Math.max(...list),
  contains: (text, part) => (typeof text === "string" ? text.includes(part) : null),
  not: (value) => (typeof value === "boolean" ? !value : null),
  "list contains": (list, value) => Array.isArray(list) && list.some((x) => same(x, value)),
  substring: (text, from, length) => (typeof text === "string" ? cut([...text], from, length) : null),
  "upper case": (text) => (typeof text === "string" ? text.toUpperCase() : null),
  "string length": (text) => (typeof text === "string" ? [...text].length : null),
  decimal: (number, digits) => Math.round(number * 10 ** digits) / 10 ** digits,
};

// Positions count from 1, or backwards from -1.
function cut(characters, from, length) {
  const start = from > 0 ? from - 1 : characters.length + from;
  return characters.slice(start, length == null ? undefined : start + length).join("");
}

const none = (value) => value === null || value === undefined || value === "";

const member = (value, name) => (value && typeof value === "object" && !none(value[name]) ? value[name] : null);

function same(a, b) {
  if (none(a) || none(b)) return none(a) && none(b);
  return a === b;
}

function ordered(a, b, test) {
  return none(a) || none(b) || typeof a !== typeof b ? null : test(a, b);
}

const kinds = {
  lit: ([value]) => value,
  name: ([name], names) => (none(names[name]) ? null : names[name]),
  path: ([node, name], names) => {
    const value = evaluate(node, names);
    return Array.isArray(value) ? value.map((one) => member(one, name)) : member(value, name);
  },
  filter: ([node, condition], names) => {
    if (condition[0] === "lit" || condition[0] === "neg") throw new Error("no position"); // the server's value stays
    const items = evaluate(node, names);
    const list = Array.isArray(items) ? items : none(items) ? [] : [items];
    return list.filter((item) => evaluate(condition, { ...names, ...(item && typeof item === "object" ? item : {}), item }) === true);
  },
  arith: ([operator, left, right], names) => {
    const [a, b] = [evaluate(left, names), evaluate(right, names)];
    return a === null || b === null ? null : arithmetic[operator](a, b);
  },
  neg: ([node], names) => {
    const value = evaluate(node, names);
    return value === null ? null : -value;
  },
  cmp: ([operator, left, right], names) => compare[operator](evaluate(left, names), evaluate(right, names)),
  and: ([left, right], names) => {
    const [a, b] = [evaluate(left, names), evaluate(right, names)];
    return a === false || b === false ? false : a === true && b === true ? true : null;
  },
  or: ([left, right], names) => {
    const [a, b] = [evaluate(left, names), evaluate(right, names)];
    return a === true || b === true ? true : a === false && b === false ? false : null;
  },
  group: ([node], names) => evaluate(node, names),
  between: ([node, low, high], names) => {
    const value = evaluate(node, names);
    return kinds.and([["cmp", ">=", ["lit", value], low], ["cmp", "<=", ["lit", value], high]], names);
  },
  if: ([condition, yes, no], names) => evaluate(evaluate(condition, names) === true ? yes : no, names),
  list: ([items], names) => items.map((item) => evaluate(item, names)),
  some: ([pairs, test], names) => over(pairs, names).some((own) => evaluate(test, own) === true),
  every: ([pairs, test], names) => over(pairs, names).every((own) => evaluate(test, own) === true),
  call: ([callee, args], names) => {
    const values = args.map((pair) => evaluate(pair[1], names));
    return values.length && values[0] === null ? null : functions[callee[1]](...values);
  },
};

// The names of each round of a quantifier: every combination of its lists' items.
function over(pairs, names) {
  return pairs.reduce((rounds, [name, list]) => rounds.flatMap((own) => evaluate(list, own).map((item) => ({ ...own, [name]: item }))), [names]);
}

export function evaluate(tree, names) {
  const kind = kinds[tree[0]];
  if (!kind) throw new Error(`no ${tree[0]}`);
  return kind(tree.slice(1), names);
}
