// The one reader of what stands in a form's blank, as engine/flow/forms/values.py and engine/ground/text.py
// read it: a table of cases is run by both.

const MOST = 10 ** 12; // a number of this size or more is a slip of the finger
const MAX_TYPED = 200;
const TICKED = new Set([true, "true", "on", "1", "yes", "是"]);
const NUMBER = /^[+-]?(?:\d+|\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+)?(?:\.\d*)?$/;
const DAYS = [
  /^(\d{4}) ?([-/.。]) ?(?<month>\d{1,2}) ?\2 ?(?<day>\d{1,2})$/,
  /^(\d{4}) ?年 ?(?<month>\d{1,2}) ?月 ?(?<day>\d{1,2}) ?[日号]$/,
  /^(\d{4})(?<month>\d\d)(?<day>\d\d)$/,
];
const LINE_END = /\r\n|[\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029]/g; // eslint-disable-line no-control-regex
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]/gu;
const DASHES = /[\u2010-\u2015\u2212\ufe58\ufe63]/g;

const paragraphs = (text) =>
  text.replace(LINE_END, "\n").replace(/[^\S \u3000\n]/g, " ").replace(UNSEEN, "").trim();
const line = (text) => paragraphs(text).replace(/\n/g, " ").trim();
const half = (text) =>
  line(
    line(text)
      .replace(/[\uff01-\uff5e]/g, (one) => String.fromCharCode(one.charCodeAt(0) - 0xfee0))
      .replace(/\u3000/g, " "),
  );
const HAN = "\\u3007\\u2e80-\\u2fdf\\u3400-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
const DOTS = [
  ".·\\u0387\\u02d1\\u1427\\u16eb\\u2022\\u2024\\u2027\\u2219\\u22c5\\u25cf\\u25e6\\u2981",
  "\\u2e31\\u2e33\\u30fb\\ua78f",
].join("");
const WITHIN_NAME = new RegExp(`([${HAN}·])\\s+(?=[${HAN}·])`, "gu");
const NAME_DOT = new RegExp(`([${HAN}])\\s*[${DOTS}]\\s*(?=[${HAN}])`, "gu");
const name = (text) =>
  line(text).replace(NAME_DOT, "$1·").replace(WITHIN_NAME, "$1").replace(/\s+/g, " ");
const short = (value) => (typeof value === "string" && value.length <= MAX_TYPED ? value : "");

const without = (text, unit) => (unit && text.endsWith(unit) ? text.slice(0, -unit.length).trimEnd() : text);

/** The number that was typed: `12,000`, `１２０００`, `12000元` where the unit is 元; else null. */
export function number(value, unit = "") {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  let text = without(half(short(value)).replace(/−/g, "-"), unit);
  if (unit === "元") text = text.replace(/^[¥￥]+/, "").trimStart();
  return NUMBER.test(text) && /\d/.test(text) ? Number(text.replace(/[, ]/g, "")) : null;
}

/** The ISO day that was typed; else null. */
export function day(value) {
  const plain = half(short(value)).replace(DASHES, "-");
  const found = DAYS.map((form) => form.exec(plain)).find(Boolean);
  if (!found) return null;
  const [year, month, date] = [
    found[1],
    found.groups.month.padStart(2, "0"),
    found.groups.day.padStart(2, "0"),
  ];
  const then = new Date(`${year}-${month}-${date}T00:00:00Z`);
  return Number(year) > 0 && !Number.isNaN(then.getTime()) && then.getUTCDate() === Number(date)
    ? `${year}-${month}-${date}`
    : null;
}

/** Whether nothing was typed: an empty text, an unticked box, a list or row of nothing but such. */
export function blank(value) {
  if (typeof value === "string") return line(value.slice(0, MAX_TYPED)) === "";
  if (Array.isArray(value)) return value.every(blank);
  if (value && typeof value === "object") return Object.values(value).every(blank);
  return value === null || value === undefined || value === false;
}

/**
 * What was typed as a condition sees it; null where nothing usable stands. Lists of rows are not read here.
 */
export function read(node, value) {
  return (READERS[node.kind] ?? text)(value, node);
}

const READERS = {
  number: amount,
  datetime: (value) => day(value),
  checkbox: (value) => TICKED.has(value),
  checklist: (value) => items(value),
  taglist: (value) => items(value),
  filepicker: (value) => items(value).map((one) => String(one).trim()),
};

function formOf(node) {
  if (node.format === "name") return name;
  return node.kind === "textarea" ? paragraphs : line;
}

function amount(value, node) {
  const found = number(value, node.unit);
  return found !== null && Math.abs(found) < MOST ? found : null;
}

function items(value) {
  return (Array.isArray(value) ? value : [value]).filter((one) => !blank(one));
}

function text(value, node) {
  if (typeof value === "string") return formOf(node)(value) || null;
  if (node.given) return blank(value) ? null : value;
  return typeof value === "number" ? String(value) : null;
}

/** A number with at most two decimals, half away from zero; anything else as it is. */
export function rounded(value) {
  if (typeof value !== "number") return value;
  if (!Number.isFinite(value) || Math.abs(value) >= 1e15) return Number.isFinite(value) ? value : null;
  // The last two of a double's digits are not decimals
  const digits = Number(Math.abs(value).toPrecision(14));
  const cents = Math.round(Number(`${digits < 1e-6 ? 0 : digits}e2`));
  return Math.sign(value) * Number(`${cents}e-2`) || 0;
}
