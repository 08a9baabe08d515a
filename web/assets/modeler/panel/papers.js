// The paper that comes of a step.
import { pair } from "./sheet.js";

const FIELDS = "paper:fields";

export function papers(sheet) {
  if (!sheet.is("UserTask")) return [];
  const { given, known } = sheet;
  const name = given.document !== undefined && given.list === undefined ? "document" : "list";
  const kind = sheet.pick(name, [["", "没有"], ...known.papers.map(pair)]);
  const listed = known.papers.find((one) => one.key === sheet.value(name))?.listed;
  const written = Object.keys(given).some((key) => key.startsWith("paper:"));
  return written || listed ? [kind, ...texts(sheet)] : [kind];
}

function texts(sheet) {
  const asked = sheet.known.properties.filter(({ key }) => key.startsWith("paper:") && key !== FIELDS);
  const fields = asked.map(({ key, label }) => sheet.formula(key, label, sheet.value(key), sheet.put(key)));
  return [...fields, sheet.text(FIELDS)];
}
