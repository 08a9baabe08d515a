// The condition on a flow: chosen from fields and answers where it is simple, written as an expression where
// it is not.
import { button, h, hint } from "../../editors/elements.js";
import { isAny } from "../objects.js";
import { inside, renamed } from "../texts/conditions.js";
import { bare, literal, read, signs, write } from "../texts/literals.js";
import { names } from "../texts/names.js";
import { choice, field, line } from "./fields.js";

const DIVIDING = ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway"];
const NOTHING = { key: "", sign: "=", value: "" };
const LINK = { className: "btn btn-link btn-sm p-0" };
const CONTROLS = { number: { type: "number", step: "any" }, datetime: { type: "date" } };

export function conditioned(sheet) {
  const { sourceRef: source } = sheet.object;
  if (!isAny(source, DIVIDING) || source.outgoing.length < 2) {
    return [hint("从任务或事件出发的连线不写条件：走完就往下走。要分路，请先接一个网关。")];
  }
  if (source.default === sheet.object) return byDefault(sheet);
  const text = textOf(sheet.object);
  const simple = read(text);
  const byHand = sheet.panel.byHand === sheet.object.id || (text !== "" && !simple);
  return byHand ? written(sheet, text, simple) : chosen(sheet, text);
}

const textOf = (flow) => flow.conditionExpression?.body?.trim() ?? "";

function byDefault({ editor, element }) {
  const write = () => editor.modeling.updateProperties(element.source, { default: undefined });
  return [
    h("p", { className: "words" }, "默认出口：其他条件都不成立时走这一条。"),
    button("改为写条件", write, { className: "btn btn-outline-secondary btn-sm" }),
  ];
}

function save({ editor, element, object }, body) {
  editor.modeling.updateProperties(element, { conditionExpression: editor.expression(body, object) });
}

function links({ editor, element, object }, toggle) {
  const { modeling } = editor;
  const asDefault = () => editor.several(
    () => modeling.updateProperties(element, { conditionExpression: undefined }),
    () => modeling.updateProperties(element.source, { default: object }),
  );
  return h("div", { className: "links" }, toggle, button("作为默认出口", asDefault, LINK));
}

// Between choosing and writing; `id` of the flow that is written by hand.
function toggle({ panel }, label, id) {
  const act = () => {
    panel.byHand = id;
    panel.soon();
  };
  return button(label, act, LINK);
}

function written(sheet, text, simple) {
  const options = {
    rows: 3,
    placeholder: "例如 township_review.outcome = \"approve\"",
    words: "输入几个字，就会列出可用的名字",
  };
  const back = (text === "" || simple) && toggle(sheet, "改为选择", null);
  return [
    sheet.formula("condition", "条件", text, (typed) => save(sheet, typed), options),
    links(sheet, back),
  ];
}

// What is half chosen stands before what is written, as long as nobody wrote anything else.
function begun({ panel, object }, text) {
  const { half } = panel;
  return (half?.of === object.id && half.text === text && half) || read(text) || NOTHING;
}

function chosen(sheet, text) {
  const half = begun(sheet, text);
  const all = names(sheet.modeler, sheet.known);
  const one = all.find((candidate) => candidate.key === half.key) ?? inside(all, half.key);
  if (one && !all.includes(one)) all.push(one);
  const put = (change) => take(sheet, change);
  const keys = [["", "请选择"], ...all.map((other) => [other.key, other.name])];
  const sign = choice(half.sign, signs(one?.type), (how) => put({ sign: how }));
  return [
    field("condition:key", "当", choice(half.key, keys, (key) => put(renamed(all, half, key)))),
    h(
      "div",
      { className: "beside" },
      field("condition:sign", "怎样", sign),
      field("condition:value", "什么", answer(one, half.value, (value) => put({ value }))),
    ),
    links(sheet, toggle(sheet, "用表达式写", sheet.object.id)),
  ];
}

// What was chosen before may not be drawn yet: the change is to what stands now.
function take(sheet, change) {
  const { panel, object } = sheet;
  const text = textOf(object);
  const condition = { ...begun(sheet, text), ...change };
  const isWhole = condition.key && condition.value;
  panel.half = isWhole ? null : { ...condition, of: object.id, text };
  if (isWhole) save(sheet, write(condition));
  else panel.soon();
}

function answer(one, value, put) {
  const options = answersOf(one);
  if (options) return choice(value, [["", "请选择"], ...options], put);
  return line(bare(value), (text) => put(literal(one?.type, text)), CONTROLS[one?.type] ?? {});
}

function answersOf(one) {
  if (one?.options?.length) return one.options.map((option) => [`"${option.value}"`, option.label]);
  return one?.type === "checkbox" ? [["true", "勾选"], ["false", "没有勾选"]] : null;
}
