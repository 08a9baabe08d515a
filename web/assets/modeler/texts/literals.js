// What a condition compares a field with, written by the field's type: a text has quotation marks, a date is
// a date.
const NUMBER = /^-?\d+(\.\d+)?$/;
const DAY = /^\d{4}-\d\d-\d\d$/;
const CONSTANTS = ["true", "false", "null"];
const LISTS = ["checklist", "taglist"];
const TEXTS = ["textfield", "textarea", "radio", "select"];
const SAME = [["=", "是"], ["!=", "不是"]];
const ORDER = [...SAME, [">", "大于"], [">=", "不小于"], ["<", "小于"], ["<=", "不大于"]];
const BEFORE = [...SAME, [">", "晚于"], [">=", "不早于"], ["<", "早于"], ["<=", "不晚于"]];
const INSIDE = [["has", "选了"], ["hasn't", "没有选"]];
const NAME = "[\\p{L}_][\\p{L}\\p{N}_.]*";
const VALUE = '"(?:[^"\\\\]*)"|date\\("\\d{4}-\\d\\d-\\d\\d"\\)|-?\\d+(?:\\.\\d+)?|true|false|null';
const SIMPLE = new RegExp(`^=?\\s*(${NAME})\\s*(=|!=|>=|<=|>|<)\\s*(${VALUE})$`, "u");
const CONTAINS = new RegExp(
  `^=?\\s*(not\\()?\\s*list contains\\((${NAME}),\\s*("(?:[^"\\\\]*)")\\)(\\))?$`,
  "u",
);

// The field, sign and value of a condition that can be chosen; null for one that is written by hand.
export function read(text) {
  const simple = SIMPLE.exec(text);
  if (simple) return { key: simple[1], sign: simple[2], value: simple[3] };
  const list = CONTAINS.exec(text);
  if (!list || Boolean(list[1]) !== Boolean(list[4])) return null;
  return { key: list[2], sign: list[1] ? "hasn't" : "has", value: list[3] };
}

export function write({ key, sign, value }) {
  if (sign === "has") return `list contains(${key}, ${value})`;
  if (sign === "hasn't") return `not(list contains(${key}, ${value}))`;
  return `${key} ${sign} ${value}`;
}

export function signs(type) {
  if (LISTS.includes(type)) return INSIDE;
  if (type === "datetime") return BEFORE;
  return type === "checkbox" || TEXTS.includes(type) ? SAME : ORDER;
}

// What was typed as FEEL; "" where it does not fit the type.
export function literal(type, typed) {
  const text = typed.trim();
  if (type === "number") return NUMBER.test(text) ? text : "";
  if (type === "datetime") return DAY.test(text) ? `date("${text}")` : "";
  if (type === undefined) return guessed(text);
  return text && quoted(text);
}

const quoted = (text) => `"${text.replace(/["\\]/g, "")}"`;

// Of a name whose type nobody knows, the text itself tells it.
function guessed(text) {
  if (NUMBER.test(text) || CONSTANTS.includes(text)) return text;
  if (DAY.test(text)) return `date("${text}")`;
  return text && quoted(text);
}

// FEEL as it is typed.
export const bare = (value) => value.replace(/^date\("(.*)"\)$|^"(.*)"$/, "$1$2");
