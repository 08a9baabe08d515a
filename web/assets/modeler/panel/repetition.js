// How often a step is done: once, once for each of a list, or until a condition holds.
import { is } from "../objects.js";
import { choice, field, line, tick, whole } from "./fields.js";

const WAYS = [
  ["", "一次"],
  ["once", "名单上每个各一次，同时办"],
  ["turn", "名单上每个各一次，依次办"],
  ["loop", "反复办，到条件成立为止"],
];
// What stays when the one by one of a list becomes the all at once, or the other way round.
const OF_LISTS = [
  "loopDataInputRef",
  "loopCardinality",
  "inputDataItem",
  "outputDataItem",
  "loopDataOutputRef",
  "completionCondition",
];

export function repetition(sheet) {
  if (!sheet.is("UserTask")) return [];
  const mark = sheet.object.loopCharacteristics;
  const way = wayOf(mark);
  const put = (kind) => sheet.set({ loopCharacteristics: made(sheet, kind, way) });
  return [field("loop:kind", "办几次", choice(way, WAYS, put)), ...fieldsOf(new Loop(sheet, mark), way)];
}

function wayOf(mark) {
  if (!mark) return "";
  if (is(mark, "bpmn:StandardLoopCharacteristics")) return "loop";
  return mark.isSequential ? "turn" : "once";
}

function made({ editor, object }, kind, before) {
  if (!kind) return undefined;
  if (kind === "loop") return editor.create("bpmn:StandardLoopCharacteristics", {}, object);
  const values = { isSequential: kind === "turn" };
  const mark = editor.create("bpmn:MultiInstanceLoopCharacteristics", values, object);
  const kept = before === "loop" ? [] : OF_LISTS.filter((name) => object.loopCharacteristics?.[name]);
  for (const name of kept) mark[name] = object.loopCharacteristics[name];
  return mark;
}

function fieldsOf(loop, way) {
  if (way === "loop") return loop.untilDone();
  return way ? loop.overList() : [];
}

class Loop {
  constructor(sheet, mark) {
    Object.assign(this, { sheet, mark });
  }

  set(values) {
    this.sheet.editor.modeling.updateModdleProperties(this.sheet.element, this.mark, values);
  }

  overList() {
    const { mark } = this;
    return [
      !mark.loopCardinality && this.reference("loopDataInputRef", "名单（变量）", "例如 verification.members"),
      !mark.loopDataInputRef && this.expression("loopCardinality", "或者：办几次"),
      this.item("inputDataItem", "每一个叫什么（变量）", "这一步里用它指当前的那一个，例如 member"),
      this.reference("loopDataOutputRef", "各次的结果存入变量"),
      this.expression("completionCondition", "提前结束的条件"),
    ];
  }

  untilDone() {
    const { mark } = this;
    const most = (value) => this.set({ loopMaximum: value ? Number(value) : undefined });
    const before = (on) => this.set({ testBefore: on });
    return [
      this.expression("loopCondition", "继续办的条件"),
      field("loop:max", "最多几次", whole(mark.loopMaximum ?? "", most)),
      tick("loop:before", "先看条件再办", mark.testBefore === true, before),
    ];
  }

  expression(name, label) {
    const put = (typed) => this.set({ [name]: this.sheet.editor.expression(typed, this.mark) });
    return this.sheet.formula(`loop:${name}`, label, this.mark[name]?.body ?? "", put);
  }

  // A name that need be no element of the file.
  reference(name, label, words) {
    const put = (typed) => this.set({ [name]: typed ? { id: typed } : undefined });
    return this.sheet.formula(`loop:${name}`, label, this.mark[name]?.id ?? "", put, { words });
  }

  item(name, label, words) {
    const { editor, object } = this.sheet;
    const { id, name: called } = this.mark[name] ?? {};
    const named = (typed) => ({ id: id ?? `${object.id}_${typed}`, name: typed });
    const put = (typed) =>
      this.set({ [name]: typed ? editor.create("bpmn:DataInput", named(typed), this.mark) : undefined });
    return field(`loop:${name}`, label, line(called ?? id ?? "", put), words);
  }
}
