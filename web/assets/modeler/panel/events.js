// How a process starts, and the messages it waits for.
import { h } from "../../editors/elements.js";
import { definitionOf, is } from "../objects.js";
import { field, line } from "./fields.js";
import { formField } from "./forms.js";
import { pair } from "./sheet.js";

export function started(sheet) {
  const form = formField(sheet, "启动时填什么表");
  const months = sheet.value("recurs") === "true" && sheet.number("everyMonths");
  if (!is(sheet.object.$parent, "bpmn:Process")) return [form, months];
  return [
    form,
    sheet.picks("opensFor", sheet.known.opens_for.map(pair)),
    sheet.text("receives"),
    sheet.flag("recurs"),
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
    sheet.pick("afterReturn"),
    formField(sheet, "收到时填什么表"),
  ];
}
