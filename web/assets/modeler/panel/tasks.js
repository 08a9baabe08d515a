// What a step does: a form that is filled in, a service, a decision table, a diagram of its own.
import { h } from "../../editors/elements.js";
import { bodyOf, extension, is } from "../objects.js";
import { area, choice, field, line } from "./fields.js";
import { formField, links } from "./forms.js";

const INSTRUCTIONS = "InstructionsForEndUser";
const OPERATOR = "ServiceTaskOperator";

const withKey = (one) => [one.key, `${one.name}（${one.key}）`];

export function done(sheet) {
  const { editor, element, object } = sheet;
  const write = (text) => editor.setBody(element, object, INSTRUCTIONS, text);
  const text = area(bodyOf(object, INSTRUCTIONS), write);
  return [formField(sheet), field("instructions", "办事提示", text, "经办人打开这一步时看到")];
}

// As it is when asked: several fields may change it before the panel is drawn anew.
const operatorOf = (object) => extension(object, OPERATOR);
const parametersOf = (object) =>
  Object.fromEntries((operatorOf(object)?.parameters?.values ?? []).map((one) => [one.id, one.value ?? ""]));

export function served(sheet) {
  const { editor, element, object, known } = sheet;
  const operator = operatorOf(object);
  const chosen = known.services.find((one) => one.key === operator?.id);
  const result = () => operatorOf(object)?.resultVariable;
  const choose = (id) => editor.setService(element, object, id, result(), {});
  const options = [["", "请选择"], ...known.services.map(withKey)];
  const parameters = parameterFields(sheet, chosen, operator?.id, result);
  return [
    field("service", "做什么", choice(operator?.id ?? "", options, choose), chosen?.about),
    ...parameters,
    operator && resultField(sheet, operator, parameters.length > 0),
  ];
}

function parameterFields(sheet, chosen, id, result) {
  const { editor, element, object } = sheet;
  const given = parametersOf(object);
  const save = (change) =>
    editor.setService(element, object, id, result(), { ...parametersOf(object), ...change });
  const unknown = Object.keys(given).map((key) => ({ key, name: key, required: false }));
  return (chosen?.parameters ?? unknown).map(({ key, name, required }) =>
    sheet.formula(
      `parameter:${key}`,
      `${name}${required ? "" : "（可不写）"}`,
      given[key] ?? "",
      (text) => save({ [key]: text }),
      { placeholder: key },
    ));
}

function resultField(sheet, operator, hasParameters) {
  const { editor, element, object } = sheet;
  const rename = (name) => editor.setService(element, object, operator.id, name, parametersOf(object));
  const control = line(operator.resultVariable ?? "", rename);
  const words = hasParameters ? "文字要加引号，如 \"拟纳入\"；变量不加" : undefined;
  return field("result", "结果存入变量", control, words);
}

export function decided(sheet) {
  const { editor, element, object, known } = sheet;
  const key = bodyOf(object, "CalledDecisionId");
  const options = [["", "请选择"], ...known.decisions.map(withKey)];
  const put = (chosen) => editor.setBody(element, object, "CalledDecisionId", chosen);
  const table = field("decision", "决策表", choice(key, options, put));
  return [
    h("div", {}, table, links(sheet, "decisions", key, ["编辑这张决策表", "新建决策表"])),
    sheet.text("resultVariable"),
  ];
}

export function called(sheet) {
  const { modeler, known } = sheet;
  const key = sheet.object.calledElement ?? "";
  const inner = (modeler.getDefinitions().rootElements ?? [])
    .filter((one) => is(one, "bpmn:Process"))
    .map((one) => [one.id, `${one.name || one.id}（本图）`]);
  const options = [["", "请选择"], ...known.parts.map((one) => [one.key, one.name]), ...inner];
  const put = (chosen) => sheet.set({ calledElement: chosen || undefined });
  const about = known.parts.find((one) => one.key === key)?.about;
  return [field("called", "调用哪个环节", choice(key, options, put), about)];
}
