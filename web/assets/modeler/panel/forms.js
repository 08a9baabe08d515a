// Which form is filled in at an element.
import { h } from "../../editors/elements.js";
import { formKey } from "../objects.js";
import { users } from "../texts/names.js";
import { choice, field } from "./fields.js";

// A form by its key and the first steps that use it.
export function formName(sheet, key) {
  const steps = users(sheet.modeler, key);
  return steps.length ? `${key} · ${steps.slice(0, 2).join("、")}` : key;
}

export function formField(sheet, label = "表单") {
  const value = formKey(sheet.object);
  const options = sheet.known.forms.map((form) => [form.key, formName(sheet, form.key)]);
  sheet.shown.add("formKey");
  const put = (key) => sheet.editor.setForm(sheet.element, sheet.object, key);
  const control = choice(value, [["", "没有表单"], ...options], put);
  return h("div", {}, field("formKey", label, control), links(sheet, "forms", value, ["编辑这张表", "新建表单"]));
}

// To the editor of what is chosen, and to where a new one is made.
export function links(sheet, kind, key, [edit, make]) {
  return h(
    "div",
    { className: "links" },
    key && h("a", { href: sheet.address(kind, key) }, edit),
    h("a", { href: sheet.address() }, make),
  );
}
