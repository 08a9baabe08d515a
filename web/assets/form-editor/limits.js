// Limits the form tool to what the pages render and check: component types, groups and entries of the panel;
// adds the properties that are our own.
import { h } from "preact";
import { useState } from "preact/hooks";
import { rules } from "./rules.js";
import { WORDS } from "./words.js";

const TYPES = new Set(
  "default textfield textarea number datetime checkbox checklist radio select taglist filepicker dynamiclist text expression group separator spacer".split(
    " ",
  ),
);
const GROUPS = new Set(["general", "staticOptions", "condition", "layout", "appearance", "validation"]);
const ENTRIES = new Set([
  "validationType",
  "patternErrorMessage",
  "versionTag",
  "disabled",
  "prefix-adorner",
  "verticalAlignment",
  "searchable",
  "subtype",
  "use24h",
  "time-label",
  "increment",
  "disableCollapse",
  "nonCollapsedItems",
  "showOutline",
  "allowAddRemove",
  "defaultRepetitions",
  "source",
]);
const ASKED = new Set(
  "textfield textarea number datetime checkbox checklist radio select taglist filepicker dynamiclist".split(
    " ",
  ),
);
const FORMATS = {
  "": "不限",
  id_number: "身份证号码",
  name: "人的姓名",
  phone: "电话号码",
  past_date: "不晚于今天的日期",
  money: "金额（两位小数）",
  village: "村",
};
const FORMATTED = {
  textfield: ["", "name", "id_number", "phone", "village"],
  number: ["", "money"],
  datetime: ["", "past_date"],
};
const ENDS =
  "本表另一个日期的字段名，或 today（今天）、step.opened_on（这一步开始的日期）、case. 加流程变量，如 case.appraisal.held_on；可加减，如 today - 30天、today + 5年；写几个用逗号隔开，都要满足；有的流程没有的，末尾加问号";
const SOME = 400;

class Limits {
  constructor(formFields, propertiesPanel) {
    const fields = formFields._formFields;
    for (const type of Object.keys(fields)) {
      if (!TYPES.has(type)) delete fields[type];
      else fields[type].config.create = named(fields[type].config);
    }
    propertiesPanel.registerProvider(this, SOME);
  }

  getGroups(field, editField) {
    return (groups) => {
      const kept = groups.filter((group) => GROUPS.has(group.id));
      for (const group of kept)
        if (group.entries)
          group.entries = group.entries.filter(
            (entry) => !ENTRIES.has(entry.id)
              && !/-(step|computeOn)$/.test(entry.id)
              && !(field?.type === "group" && (entry.id === "path" || /repeat/i.test(entry.id))),
          );
      const own = field ? entries(field, editField) : [];
      const at = kept.findIndex((group) => group.id === "general") + 1;
      if (own.length) kept.splice(at, 0, { id: "own", label: "来源和格式", entries: own });
      if (field && ASKED.has(field.type)) kept.push(rules(field, editField));
      return kept.filter((group) => group.component || group.items || group.entries?.length);
    };
  }
}
Limits.$inject = ["formFields", "propertiesPanel"];

export const limits = { __init__: ["shouwangLimits"], shouwangLimits: ["type", Limits] };

// What is dropped into a form begins with a Chinese name; what a file says stays as it is.
function named({ create }) {
  return (options, isNew) => {
    const made = create(options, isNew);
    if (!isNew) return made;
    if (made.label) made.label = WORDS[made.label] ?? made.label;
    if (made.dateLabel === "Date") made.dateLabel = "日期";
    if (made.type === "text" && made.text === "# Text") made.text = "说明文字";
    for (const one of made.values ?? []) one.label = one.label.replace(/^Value/, "选项");
    return made;
  };
}

function entries(field, editField) {
  const given = (name) => field.properties?.[name] ?? "";
  const put = (name) => (value) => {
    const properties = { ...field.properties, [name]: value };
    if (!value) delete properties[name];
    editField(field, ["properties"], Object.keys(properties).length ? properties : undefined);
  };
  const found = [];
  if (field.type === "expression")
    found.push({
      id: "own-label",
      component: Line,
      label: "名称",
      value: field.label ?? "",
      put: (value) => editField(field, ["label"], value),
    });
  if (FORMATTED[field.type])
    found.push({
      id: "own-format",
      component: Choice,
      label: "格式",
      value: given("format"),
      options: FORMATTED[field.type],
      put: put("format"),
    });
  if (field.type === "datetime") {
    found.push({
      id: "own-notBefore",
      component: Line,
      label: "不早于",
      value: given("notBefore"),
      put: put("notBefore"),
      hint: ENDS,
    });
    found.push({
      id: "own-notAfter",
      component: Line,
      label: "不晚于",
      value: given("notAfter"),
      put: put("notAfter"),
      hint: "写法同上",
    });
  }
  if (field.type === "dynamiclist") {
    const must = (value) => editField(
      field,
      ["validate"],
      value ? { ...field.validate, required: true } : undefined,
    );
    found.push({
      id: "own-required",
      component: Choice,
      label: "至少一行",
      value: field.validate?.required || given("required") ? "yes" : "",
      options: ["", "yes"],
      words: { "": "可以没有", yes: "必须有" },
      put: must,
    });
    found.push({
      id: "own-fixed",
      component: Choice,
      label: "行的增减",
      value: given("fixed"),
      options: ["", "true"],
      words: { "": "可以增减", true: "行由预填给定，不能增减" },
      put: put("fixed"),
    });
  }
  if (["radio", "select"].includes(field.type))
    found.push({
      id: "own-decides",
      component: Line,
      label: "选项写明",
      value: given("decides"),
      put: put("decides"),
      hint: "一项的键：各选项后面写上它的内容，例如“同意：标注风险消除”",
    });
  if (["textfield", "textarea", "number"].includes(field.type))
    found.push({
      id: "own-example",
      component: Line,
      label: "试填的值",
      value: given("example"),
      put: put("example"),
      hint: "试办和预览时填上它；各项之间有核对规则的，写一组合得上的值",
    });
  if (!["default", "filepicker", "text", "expression", "group", "separator", "spacer"].includes(field.type))
    found.push({
      id: "own-prefill",
      component: Line,
      label: "预填自",
      value: given("prefill"),
      put: put("prefill"),
      hint: "例如 household.head_name：打开时先填上名册里的值；只读的项总是取它",
    });
  return found;
}

function Line({ id, label, value, put, hint }) {
  const [typed, type] = useState(null);
  const input = h("input", {
    id: `bio-properties-panel-${id}`,
    type: "text",
    class: "bio-properties-panel-input",
    value: typed ?? value,
    onInput: (event) => type(event.target.value),
    onBlur: (event) => {
      type(null);
      if (event.target.value.trim() !== value) put(event.target.value.trim());
    },
  });
  return entry(id, label, input, hint);
}

function Choice({ id, label, value, options, put, words = FORMATS }) {
  const select =
    h("select", { id: `bio-properties-panel-${id}`, class: "bio-properties-panel-input", value, onChange: (event) => put(event.target.value) },
    options.map((one) => h("option", { value: one }, words[one])));
  return entry(id, label, select);
}

function entry(id, label, control, hint) {
  return h("div", { class: "bio-properties-panel-entry", "data-entry-id": id },
    h("label", { class: "bio-properties-panel-label", for: `bio-properties-panel-${id}` }, label), control,
    hint ? h("div", { class: "bio-properties-panel-description" }, hint) : null);
}
