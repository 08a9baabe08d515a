// How long a timer waits, in words; and what the law says of it.
import { h } from "../../editors/elements.js";
import { definitionOf } from "../objects.js";
import { COUNTS, KINDS, inWords, readLimit, writeLimit } from "../texts/limit.js";
import { names } from "../texts/names.js";
import { choice, field, line, tick, whole } from "./fields.js";

const FIVE = "5"; // days: what a limit begins with
const UNCOUNTED = ["other", "date"];
// Names of days that no form says to be days.
const DAY = /日期|_on$|_date$/;

export function timing(sheet) {
  const definition = definitionOf(sheet.object, "Timer");
  if (!definition) return [];
  const text = textOf(definition);
  const limit = limitOf(sheet, definition);
  const dates = names(sheet.modeler, sheet.known);
  const words = inWords(limit, (key) => dates.find((one) => one.key === key)?.name ?? key);
  const save = (change) => put(sheet, definition, change);
  return [
    kindField(limit, save),
    ...(FIELDS[limit.kind] ?? []).map((make) => make({ sheet, limit, save, dates, text })),
    words && h("p", { className: "words" }, words),
    ...boundary(sheet),
    ...legal(sheet),
  ];
}

function textOf({ timeDate, timeDuration, timeCycle }) {
  return (timeDate ?? timeDuration ?? timeCycle)?.body ?? "";
}

// What is begun and not yet a whole limit stands before what is drawn.
function limitOf({ panel }, definition) {
  const begun = panel.pending?.of === definition ? panel.pending.limit : {};
  return { ...readLimit(textOf(definition)), ...begun };
}

// What was typed before may not be drawn yet: the change is to what stands now.
function put(sheet, definition, change) {
  const { panel, editor, element } = sheet;
  const limit = { text: textOf(definition), ...limitOf(sheet, definition), ...change };
  const { name, text } = writeLimit(limit);
  panel.pending = text ? null : { of: definition, limit };
  if (text) editor.setTimer(element, definition, name, text);
  else panel.soon();
}

function kindField(limit, save) {
  const choose = (kind) => save({ kind, count: limit.count || (UNCOUNTED.includes(kind) ? "" : FIVE) });
  return field("limit:kind", "怎么算", choice(limit.kind, [["", "请选择"], ...KINDS], choose));
}

function countField({ limit, save }) {
  const control = whole(limit.count, (count) => save({ count }), { min: 1 });
  return field("limit:count", COUNTS[limit.kind] ?? "天数", control);
}

function roundsField({ limit, save }) {
  const control = whole(limit.rounds, (rounds) => save({ rounds }), { min: 1, max: 100 });
  return field("limit:rounds", "共几次", control, "不写就一直到这一步办结，至多 100 次");
}

function fromField({ limit, save, dates }) {
  const days = dates.filter((one) => one.type === "datetime" || DAY.test(`${one.name}${one.key}`));
  const options = [["", "请选择"], ...days.map((one) => [one.key, one.name])];
  return field("limit:from", "自哪一日起", choice(limit.from, options, (from) => save({ from })));
}

function dateField({ limit, save }) {
  const control = line(limit.date ?? "", (date) => save({ date }), { type: "date" });
  return field("limit:date", "日期", control);
}

function textField({ sheet, save, text }) {
  const write = (typed) => save({ kind: "other", text: typed });
  return sheet.formula("limit:text", "表达式", text, write, { timer: true, rows: 2 });
}

const FIELDS = {
  days: [countField, fromField],
  workdays: [countField, fromField],
  lasting: [countField],
  hours: [countField],
  minutes: [countField],
  cycle: [countField, roundsField],
  date: [dateField],
  other: [textField],
};

function boundary(sheet) {
  if (!sheet.is("BoundaryEvent")) return [];
  const stops = sheet.object.cancelActivity !== false;
  const put = (on) => sheet.set({ cancelActivity: on });
  return [
    tick("interrupting", "到期时中断这一步", stops, put, "不中断：只预警、催办，这一步照常办"),
    sheet.number("warnDays"),
  ];
}

function legal(sheet) {
  if (!sheet.is("BoundaryEvent", "IntermediateCatchEvent")) return [];
  const steps = [["", "不限"], ...sheet.steps("UserTask")];
  return [
    sheet.pick("countsFrom", steps),
    sheet.text("clause"),
    sheet.number("atLeast"),
    sheet.number("atMost"),
    sheet.text("allowedBy"),
  ];
}
