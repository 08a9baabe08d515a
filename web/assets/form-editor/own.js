// The properties of a form's field that are our own: which kinds have them, and in which words they are
// asked.
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
const ENDS = [
  "本表另一个日期的字段名，或 today（今天）、step.opened_on（这一步开始的日期）、case. 加流程变量，",
  "如 case.appraisal.held_on；可加减，如 today - 30天、today + 5年；写几个用逗号隔开，都要满足；",
  "有的流程没有的，末尾加问号",
].join("");
const TYPED = ["textfield", "textarea", "number"];
const UNFILLED = ["default", "filepicker", "text", "expression", "group", "separator", "spacer"];

const isOf = (...types) => (type) => types.includes(type);

// `words` of a property that is chosen, by its values; without them it is written.
const PROPERTIES = [
  { name: "format", label: "格式", of: (type) => type in FORMATTED, words: FORMATS },
  { name: "notBefore", label: "不早于", of: isOf("datetime"), hint: ENDS },
  { name: "notAfter", label: "不晚于", of: isOf("datetime"), hint: "写法同上" },
  {
    name: "required",
    label: "至少一行",
    of: isOf("dynamiclist"),
    words: { "": "可以没有", yes: "必须有" },
  },
  {
    name: "fixed",
    label: "行的增减",
    of: isOf("dynamiclist"),
    words: { "": "可以增减", true: "行由预填给定，不能增减" },
  },
  {
    name: "decides",
    label: "选项写明",
    of: isOf("radio", "select"),
    hint: "一项的键：各选项后面写上它的内容，例如“同意：标注风险消除”",
  },
  {
    name: "example",
    label: "试填的值",
    of: isOf(...TYPED),
    hint: "试办和预览时填上它；各项之间有核对规则的，写一组合得上的值",
  },
  {
    name: "prefill",
    label: "预填自",
    of: (type) => !UNFILLED.includes(type),
    hint: "例如 household.head_name：打开时先填上名册里的值；只读的项总是取它",
  },
];

// The properties of a field as the panel shows them, each with its value and what puts another one;
// `edit(path, value)` changes the field.
export function ownProperties(field, edit) {
  const own = PROPERTIES.filter((one) => one.of(field.type)).map((one) => asked(one, field, edit));
  return field.type === "expression" ? [label(field, edit), ...own] : own;
}

// What the tool asks of every other kind, but not of a computed one.
function label(field, edit) {
  return { name: "label", label: "名称", value: field.label ?? "", put: (value) => edit(["label"], value) };
}

function asked({ name, label: words, hint, words: byValue }, field, edit) {
  const given = field.properties?.[name] ?? "";
  const shown = {
    name,
    label: words,
    hint,
    value: given,
    put: (value) => edit(...changed(field, name, value)),
  };
  if (name === "required") Object.assign(shown, requirement(field, given, edit));
  if (!byValue) return shown;
  const values = name === "format" ? FORMATTED[field.type] : Object.keys(byValue);
  return { ...shown, options: values.map((value) => [value, byValue[value]]) };
}

// Where the properties stand, and what they are with this one changed; an empty one is taken away.
export function changed(field, name, value) {
  const { [name]: _, ...rest } = field.properties ?? {};
  const properties = isEmpty(value) ? rest : { ...field.properties, [name]: value };
  return [["properties"], Object.keys(properties).length ? properties : undefined];
}

const isEmpty = (value) => (Array.isArray(value) ? value.length === 0 : !value);

// That a list has a row is a rule of the tool's own; older files have it as a property.
function requirement(field, given, edit) {
  const must = (value) => edit(["validate"], value ? { ...field.validate, required: true } : undefined);
  return { value: field.validate?.required || given ? "yes" : "", put: must };
}
