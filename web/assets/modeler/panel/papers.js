// The paper that comes of a step.
const TEXTS = [
  ["matter", "事由"],
  ["basis", "依据"],
  ["addressee", "报给谁"],
  ["signature", "落款"],
  ["when", "列入名单的条件"],
];
const WITH_TEXTS = ["proposed_list", "approval_form"];

export function papers(sheet) {
  if (!sheet.is("UserTask")) return [];
  const { given, known } = sheet;
  const name = given.document !== undefined && given.list === undefined ? "document" : "list";
  const options = [["", "没有"], ...known.papers.map((one) => [one.key, one.name])];
  const kind = sheet.pick(name, "这一步的文书", options);
  const written = Object.keys(given).some((key) => key.startsWith("paper:"));
  return written || WITH_TEXTS.includes(sheet.value(name)) ? [kind, ...texts(sheet)] : [kind];
}

function texts(sheet) {
  const fields = TEXTS.map(([key, label]) => {
    const name = `paper:${key}`;
    return sheet.formula(name, label, sheet.value(name), sheet.put(name));
  });
  return [...fields, sheet.text("paper:fields", "名单上另加的栏", "这一步表单的字段名，用逗号隔开")];
}
