// The condition on a flow: chosen from fields and answers where it is simple, written as an expression where it is not.
import { isAny } from "bpmn-js/lib/util/ModelUtil";
import { choice, feel, field, h, line } from "./fields.js";
import { names } from "./names.js";

const SIMPLE = /^=?\s*([\p{L}_][\p{L}\p{N}_.]*)\s*(=|!=|>=|<=|>|<)\s*("(?:[^"\\]*)"|-?\d+(?:\.\d+)?|true|false|null)$/u;
const WORDS = [["=", "是"], ["!=", "不是"], [">", "大于"], [">=", "不小于"], ["<", "小于"], ["<=", "不大于"]];

export function conditionFields(panel, element, flow) {
  if (!isAny(flow.sourceRef, ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway"]) || flow.sourceRef.outgoing.length < 2) {
    return [h("p", { className: "hint" }, "从任务或事件出发的连线不写条件：走完就往下走。要分路，请先接一个网关。")];
  }
  const { editor, modeler, known } = panel;
  if (flow.sourceRef.default === flow) return [h("p", { className: "words" }, "默认出口：其他条件都不成立时走这一条。"), h("button", { type: "button", className: "btn btn-outline-secondary btn-sm", onclick: () => editor.modeling.updateProperties(element.source, { default: undefined }) }, "改为写条件")];
  const text = flow.conditionExpression?.body?.trim() ?? "";
  const save = (body) => editor.modeling.updateProperties(element, { conditionExpression: editor.expression(body, flow) });
  const simple = SIMPLE.exec(text);
  const byHand = panel.byHand === flow.id || (text !== "" && !simple);
  const asDefault = h("button", { type: "button", className: "btn btn-link btn-sm p-0", onclick: () => editor.several(() => editor.modeling.updateProperties(element, { conditionExpression: undefined }), () => editor.modeling.updateProperties(element.source, { default: flow })) }, "作为默认出口");
  const links = (toggle) => h("div", { className: "links" }, toggle, asDefault);
  if (byHand) {
    const back = (text === "" || simple) && h("button", { type: "button", className: "btn btn-link btn-sm p-0", onclick: () => ((panel.byHand = null), panel.soon()) }, "改为选择");
    return [field("condition", "条件", feel(text, save, { ...panel.tools, rows: 3, placeholder: "例如 township_review.outcome = \"approve\"" }), "输入几个字，就会列出可用的名字"), links(back)];
  }
  const all = names(modeler, known);
  const [, key = "", sign = "=", value = ""] = simple ?? [];
  const chosen = all.find((one) => one.key === key);
  const put = (one, how, what) => (one && what !== "" ? save(`${one} ${how} ${what}`) : ((panel.half = { of: flow.id, key: one, sign: how }), panel.soon()));
  const half = panel.half?.of === flow.id && !simple ? panel.half : { key, sign };
  const present = all.find((one) => one.key === half.key) ?? chosen;
  return [
    field("condition:key", "当", choice(half.key, [["", "请选择"], ...all.map((one) => [one.key, one.name])], (one) => put(one, "=", ""))),
    h("div", { className: "beside" },
      field("condition:sign", "怎样", choice(half.sign, WORDS, (how) => put(half.key, how, value))),
      field("condition:value", "什么", answer(present, value, (what) => put(half.key, half.sign, what)))),
    links(h("button", { type: "button", className: "btn btn-link btn-sm p-0", onclick: () => ((panel.byHand = flow.id), panel.soon()) }, "用表达式写")),
  ];
}

function answer(one, value, save) {
  if (one?.options?.length) return choice(value, [["", "请选择"], ...one.options.map((option) => [`"${option.value}"`, option.label])], save);
  if (one?.type === "checkbox") return choice(value, [["", "请选择"], ["true", "勾选"], ["false", "没有勾选"]], save);
  const bare = value.replace(/^"(.*)"$/, "$1");
  return line(bare, (text) => save(one?.type === "number" || /^-?\d+(\.\d+)?$/.test(text) || ["true", "false", "null"].includes(text) ? text : text && `"${text.replace(/"/g, "")}"`));
}
