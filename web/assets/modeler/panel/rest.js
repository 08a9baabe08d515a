// What stands behind: variables that are set, the identifier, every property that has no control of its own.
import { h, hint } from "../../editors/elements.js";
import { others } from "../objects.js";
import { field, line, rows } from "./fields.js";

const SETTING = ["CallActivity", "EndEvent"];
const IDENTIFIER = /^[A-Za-z_][\w.-]*$/;

export function settings(sheet) {
  if (!sheet.is(...SETTING)) return [];
  const entries = Object.entries(sheet.given).filter(([key]) => key.startsWith("set:"));
  const options = { ...sheet.tools, prefix: "set:", first: "变量", second: "值" };
  const words = sheet.is("CallActivity")
    ? "进入公用环节之前赋值，如 notice_matter 写 \"拟纳入\""
    : "结束时赋值，调用的流程据此走哪一条";
  return [rows(entries, replacing(sheet), options), hint(words)];
}

const replacing = ({ editor, element, object }) => (old, key, value) => {
  const gone = old && old !== key ? { [old]: "" } : {};
  editor.setProperties(element, object, { ...gone, ...(key ? { [key]: value } : {}) });
};

export function rest(sheet) {
  const pairs = { first: "属性", second: "值" };
  return [
    identifier(sheet),
    h("p", { className: "pf-title" }, "其他属性"),
    rows(unshown(sheet), replacing(sheet), pairs),
    foreign(sheet.object),
  ];
}

function identifier(sheet) {
  const { object, editor, panel } = sheet;
  const fixed = sheet.is("Process") && Boolean(sheet.fixedKey);
  const save = (id) => {
    const wrong = refusal(id, id !== object.id && editor.moddle.ids.assigned(id));
    if (!wrong) return sheet.set({ id });
    window.alert(wrong);
    return panel.soon();
  };
  const words = fixed
    ? "流程的编号启用后不能再改"
    : "在办的事项按编号认步骤：改了编号就是另一个步骤";
  return field("id", "编号", line(object.id ?? "", save, { readOnly: fixed }), words);
}

function refusal(id, taken) {
  if (taken) return `编号“${id}”已经有了，请换一个。`;
  return IDENTIFIER.test(id) ? "" : "编号请用英文字母、数字、下划线，以字母开头。";
}

function unshown(sheet) {
  const sets = sheet.is(...SETTING);
  const hasControl = (key) => sheet.shown.has(key) || (sets && key.startsWith("set:"));
  return Object.entries(sheet.given).filter(([key]) => !hasControl(key));
}

function foreign(object) {
  const isForeign = (key) => key.includes(":") && !key.startsWith("xmlns") && key !== "camunda:formKey";
  const attributes = Object.keys(object.$attrs ?? {}).filter(isForeign);
  const found = [...attributes, ...others(object).map((one) => one.$type)];
  return found.length > 0 && hint(`其他工具写的内容原样保留：${found.join("、")}`);
}
