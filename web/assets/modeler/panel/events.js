// How a process starts, and the messages it waits for.
import { h } from "../../editors/elements.js";
import { definitionOf, is } from "../objects.js";
import { field, line } from "./fields.js";
import { formField } from "./forms.js";

const STATES = [
  ["ordinary", "一般农户"],
  ["identifying", "正在识别"],
  ["monitored", "监测对象"],
  ["eliminated", "已消除风险"],
  ["cleared", "已清退"],
  ["lifted_with_policy", "脱贫享受政策户"],
  ["lifted_without_policy", "脱贫不享受政策户"],
  ["allowance", "低保户"],
  ["destitute", "特困户"],
];

const AFTER_RETURN = [
  ["", "接着办理：再走到这里时，已登记的仍要办"],
  ["known", "只留作情况：再走到这里时，重新等待"],
];

export function started(sheet) {
  const form = formField(sheet, "启动时填什么表");
  const months = sheet.value("recurs") === "true" && sheet.number("everyMonths", "间隔（月）");
  if (!is(sheet.object.$parent, "bpmn:Process")) return [form, months];
  return [
    form,
    sheet.picks("opensFor", "在农户页面可以启动，对", STATES, "都不选就只能由别的流程启动"),
    sheet.text("receives", "由别的流程启动时收到的变量", "英文名，用逗号隔开"),
    sheet.flag("recurs", "可以定期开展"),
    months,
  ];
}

export function awaited(sheet) {
  const { editor, element, object } = sheet;
  const definition = definitionOf(object, "Message");
  if (!definition) return [];
  const known = editor.messages().map((one) => h("option", { value: one.name }));
  const put = (name) => editor.setMessage(element, definition, name);
  const name = line(definition.messageRef?.name ?? "", put, { list: "panel-messages" });
  return [
    h("datalist", { id: "panel-messages" }, known),
    field("message", "等哪个消息", name, "例如 objection（异议）；选已有的，或写一个新的英文名"),
    sheet.pick("afterReturn", "事项退回到这之前时", AFTER_RETURN, "登记过的异议、意见不会因为退回而丢失"),
    formField(sheet, "收到时填什么表"),
  ];
}
