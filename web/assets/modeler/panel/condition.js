// The condition on a flow: chosen from fields and answers where it is simple, written as an expression where
// it is not.
import { isAny } from "bpmn-js/lib/util/ModelUtil";
import { choice, feel, field, h, line } from "./fields.js";
import { bare, literal, read, signs, write } from "./literals.js";
import { names } from "./names.js";

export function conditionFields(panel, element, flow) {
  if (
    !isAny(flow.sourceRef, ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway"])
      || flow.sourceRef.outgoing.length < 2
  ) {
    return [h("p", { className: "hint" }, "从任务或事件出发的连线不写条件：走完就往下走。要分路，请先接一个网关。")];
  }
  const { editor, modeler, known } = panel;
  if (flow.sourceRef.default === flow)
    return [
      h("p", { className: "words" }, "默认出口：其他条件都不成立时走这一条。"),
      h(
        "button",
        {
          type: "button",
          className: "btn btn-outline-secondary btn-sm",
          onclick: () => editor.modeling.updateProperties(element.source, { default: undefined }),
        },
        "改为写条件",
      )
    ];
  const text = flow.conditionExpression?.body?.trim() ?? "";
  const save = (body) => editor.modeling.updateProperties(element, {
    conditionExpression: editor.expression(body, flow),
  });
  const simple = read(text);
  const byHand = panel.byHand === flow.id || (text !== "" && !simple);
  const asDefault = h(
    "button",
    {
      type: "button",
      className: "btn btn-link btn-sm p-0",
      onclick: () => editor.several(
        () => editor.modeling.updateProperties(element, { conditionExpression: undefined }),
        () => editor.modeling.updateProperties(element.source, { default: flow }),
      ),
    },
    "作为默认出口",
  );
  const links = (toggle) => h("div", { className: "links" }, toggle, asDefault);
  if (byHand) {
    const back = (text === "" || simple) && h(
      "button",
      {
        type: "button",
        className: "btn btn-link btn-sm p-0",
        onclick: () => ((panel.byHand = null), panel.soon()),
      },
      "改为选择",
    );
    return [
      field(
        "condition",
        "条件",
        feel(text, save, { ...panel.tools, rows: 3, placeholder: "例如 township_review.outcome = \"approve\"" }),
        "输入几个字，就会列出可用的名字",
      ),
      links(back)
    ];
  }
  const all = names(modeler, known);
  // What is half chosen stands before what is written, as long as nobody wrote anything else.
  const half = panel.half?.of === flow.id && panel.half.text === text
    ? panel.half
    : simple ?? { key: "", sign: "=", value: "" };
  const one = all.find((candidate) => candidate.key === half.key) ?? inside(all, half.key);
  if (one && !all.includes(one)) all.push(one);
  const put = (chosen) => {
    const whole = { ...half, ...chosen };
    panel.half = whole.key && whole.value ? null : { of: flow.id, text, ...whole };
    if (panel.half) panel.soon();
    else save(write(whole));
  };
  return [
    field(
      "condition:key",
      "当",
      choice(
        half.key,
        [["", "请选择"], ...all.map((other) => [other.key, other.name])],
        (key) => put(renamed(all, half, key)),
      ),
    ),
    h("div", { className: "beside" },
      field("condition:sign", "怎样", choice(half.sign, signs(one?.type), (how) => put({ sign: how }))),
      field("condition:value", "什么", answer(one, half.value, (value) => put({ value })))),
    links(h(
      "button",
      {
        type: "button",
        className: "btn btn-link btn-sm p-0",
        onclick: () => ((panel.byHand = flow.id), panel.soon()),
      },
      "用表达式写",
    )),
  ];
}

// A part of a result of which only the whole is known: “异议核查”的结果：left.
function inside(all, key) {
  const [root, ...rest] = key.split(".");
  const whole = rest.length > 0 && all.find((one) => one.key === root);
  return whole ? { key, name: `${whole.name}：${rest.join(".")}` } : undefined;
}

// Another field: its value is to be chosen anew, unless the field takes the very same.
function renamed(all, half, key) {
  const before = all.find((one) => one.key === half.key);
  const after = all.find((one) => one.key === key);
  const fits = before && after && before.type === after.type && !after.options?.length;
  const possible = signs(after?.type);
  const sign = possible.some(([name]) => name === half.sign) ? half.sign : possible[0][0];
  return { key, sign, value: fits ? half.value : "" };
}

function answer(one, value, save) {
  if (one?.options?.length)
    return choice(
      value,
      [["", "请选择"], ...one.options.map((option) => [`"${option.value}"`, option.label])],
      save,
    );
  if (one?.type === "checkbox") return choice(value, [["", "请选择"], ["true", "勾选"], ["false", "没有勾选"]], save);
  const kind = { number: { type: "number", step: "any" }, datetime: { type: "date" } }[one?.type] ?? {};
  return line(bare(value), (text) => save(literal(one?.type, text)), kind);
}
