// Evaluates the trees that the server compiled from the forms' FEEL texts (conditions and computed values),
// so that a page answers while one types. The server evaluates everything again: this is for people, not for
// trust.

const compare = {
  "=": (a, b) => same(a, b),
  "!=": (a, b) => opposite(same(a, b)),
  "<": (a, b) => ordered(a, b, (x, y) => x < y),
  "<=": (a, b) => ordered(a, b, (x, y) => x <= y),
  ">": (a, b) => ordered(a, b, (x, y) => x > y),
  ">=": (a, b) => ordered(a, b, (x, y) => x >= y),
};
const numbers = (a, b) => typeof a === "number" && typeof b === "number";
const texts = (a, b) => typeof a === "string" && typeof b === "string";
// The server counts in decimals: what a double has beyond 15 digits is noise, 0.1 + 0.2 = 0.3.
const finite = (value) => (Number.isFinite(value) ? Number(value.toPrecision(15)) : null);
const arithmetic = {
  "+": (a, b) => (texts(a, b) ? a + b : finite(a + b)),
  "-": (a, b) => finite(a - b),
  "*": (a, b) => finite(a * b),
  "/": (a, b) => (b === 0 ? null : finite(a / b)),
  "**": (a, b) => finite(a ** b),
};
// The items of the one list that is given, or what is given instead of a list; null where nothing or null is
// given.
function all(values) {
  if (values.length === 0 || (values.length === 1 && none(values[0]))) return null;
  return (values.length === 1 && Array.isArray(values[0]) ? values[0] : values).map((one) => one ?? null);
}

function total(list) {
  return list?.length && list.every((x) => typeof x === "number")
    ? finite(list.reduce((a, b) => a + b, 0))
    : null;
}

function extreme(list, better) {
  if (list === null) return null;
  const alike = list.every((x) => typeof x === typeof list[0] && ["number", "string"].includes(typeof x));
  return list.length && (alike || list.length === 1)
    ? list.reduce((best, x) => (better(x, best) ? x : best))
    : null;
}

function shifted(number, digits) {
  const [mantissa, exponent] = `${number}`.split("e");
  return Number(`${mantissa}e${Number(exponent ?? 0) + digits}`);
}

function halfEven(number, digits) {
  const scaled = shifted(number, digits);
  const down = Math.floor(scaled);
  const up = scaled - down > 0.5 || (scaled - down === 0.5 && down % 2 !== 0);
  return finite(shifted(down + (up ? 1 : 0), -digits));
}

const functions = {
  count: (...values) => all(values)?.length ?? null,
  sum: (...values) => total(all(values)),
  min: (...values) => extreme(all(values), (a, b) => a < b),
  max: (...values) => extreme(all(values), (a, b) => a > b),
  contains: (text, part) => (texts(text, part) ? text.includes(part) : null),
  not: (value) => (typeof value === "boolean" ? !value : null),
  "list contains": (list, value) => (none(list) ? null : [list].flat().some((x) => same(x, value) === true)),
  substring: (text, from, length) => (typeof text === "string" ? cut([...text], from, length) : null),
  "upper case": (text) => (typeof text === "string" ? text.toUpperCase() : null),
  "string length": (text) => (typeof text === "string" ? [...text].length : null),
  decimal: (number, digits) => (numbers(number, digits) ? halfEven(number, digits) : null),
};

// Positions count from 1, or backwards from -1.
function cut(characters, from, length) {
  const [first, count] = [Math.trunc(from), none(length) ? characters.length : Math.trunc(length)];
  if (typeof from !== "number" || first === 0 || !(count >= 0) || typeof (length ?? 0) !== "number")
    return null;
  const start = first > 0 ? first - 1 : Math.max(0, characters.length + first);
  return characters.slice(start, start + count).join("");
}

const none = (value) => value === null || value === undefined;

const member = (value, name) => (
  value && typeof value === "object" && !none(value[name]) ? value[name] : null
);

const opposite = (value) => (value === null ? null : !value);

function same(a, b) {
  if (none(a) || none(b)) return none(a) && none(b);
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one, index) => same(one, b[index]) === true);
  return typeof a !== typeof b || typeof a === "object" ? null : a === b;
}

function ordered(a, b, test) {
  return numbers(a, b) || texts(a, b) ? test(a, b) : null;
}

const kinds = {
  lit: ([value]) => value,
  name: ([name], names) => (none(names[name]) ? null : names[name]),
  path: ([node, name], names) => {
    const value = evaluate(node, names);
    return Array.isArray(value) ? value.map((one) => member(one, name)) : member(value, name);
  },
  filter: ([node, condition], names) => {
    // The server's value stays
    if (condition[0] === "lit" || condition[0] === "neg") throw new Error("no position");
    const items = evaluate(node, names);
    const list = Array.isArray(items) ? items : none(items) ? [] : [items];
    return list.filter(
      (item) => evaluate(condition, {
        ...names,
        ...(item && typeof item === "object" ? item : {}),
        item,
      }) === true,
    );
  },
  arith: ([operator, left, right], names) => {
    const [a, b] = [evaluate(left, names), evaluate(right, names)];
    return numbers(a, b) || (operator === "+" && texts(a, b)) ? arithmetic[operator](a, b) : null;
  },
  neg: ([node], names) => {
    const value = evaluate(node, names);
    return typeof value === "number" ? -value : null;
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
    return within(["range", low, high, true, true], evaluate(node, names), names);
  },
  if: ([condition, yes, no], names) => evaluate(evaluate(condition, names) === true ? yes : no, names),
  list: ([items], names) => items.map((item) => evaluate(item, names)),
  in: ([node, tests], names) => {
    const value = evaluate(node, names);
    const answers = tests.map((test) => meets(test, value, names));
    if (answers.includes(true)) return true;
    return answers.includes(false) ? false : null;
  },
  some: ([pairs, test], names) => quantified(true, pairs, test, names),
  every: ([pairs, test], names) => quantified(false, pairs, test, names),
  call: ([callee, args], names) => {
    if (args.some((pair) => pair[0])) throw new Error("named arguments"); // the server's value stays
    return functions[callee[1]](...args.map((pair) => evaluate(pair[1], names)));
  },
};

function quantified(wanted, pairs, test, names) {
  const answers = over(pairs, names).map((own) => evaluate(test, own));
  if (answers.includes(wanted)) return wanted;
  return answers.every((answer) => typeof answer === "boolean") ? !wanted : null;
}

// One test of `in`: a comparison, an interval, a value, or a list that holds it.
function meets(test, value, names) {
  if (test[0] !== "test") throw new Error(`no ${test[0]}`);
  const [, operator, node] = test;
  return operator ? compare[operator](value, evaluate(node, names)) : isAmong(node, value, names);
}

function isAmong(node, value, names) {
  if (node[0] === "group") return isAmong(node[1], value, names);
  if (node[0] === "range") return within(node, value, names);
  const other = evaluate(node, names);
  return Array.isArray(other) && !Array.isArray(value)
    ? other.some((one) => same(one, value) === true)
    : same(value, other);
}

// An end that is no node has no bound; with one that is null nobody can say what the interval holds.
function within([, low, high, lowClosed, highClosed], value, names) {
  const above = low === null ? true : compare[lowClosed ? ">=" : ">"](value, evaluate(low, names));
  const below = high === null ? true : compare[highClosed ? "<=" : "<"](value, evaluate(high, names));
  if (above === false || below === false) return false;
  return above === null || below === null ? null : true;
}

// The names of each round of a quantifier: every combination of its lists' items.
function over(pairs, names) {
  return pairs.reduce(
    (rounds, [name, list]) => rounds.flatMap((own) => [evaluate(list, own) ?? []].flat().map(
      (item) => ({ ...own, [name]: item }),
    )),
    [names],
  );
}

export function evaluate(tree, names) {
  const kind = kinds[tree[0]];
  if (!kind) throw new Error(`no ${tree[0]}`);
  return kind(tree.slice(1), names);
}
