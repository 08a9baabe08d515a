// Who does a step, and who does not.
import { laneOf } from "../objects.js";
import { queueOf } from "../texts/queues.js";
import { field, line } from "./fields.js";

const UNUSUAL = ["exceptional", "平常走不到，走到了才列入办理进度"];

export function people(sheet) {
  if (sheet.is("UserTask", "ManualTask")) return assigned(sheet);
  return sheet.is("IntermediateCatchEvent", "BoundaryEvent", "CallActivity") ? [sheet.flag(...UNUSUAL)] : [];
}

function assigned(sheet) {
  const steps = sheet.steps("UserTask", "ManualTask");
  const queues = sheet.known.queues.map((one) => [one.key, one.name]);
  const options = [["", `按泳道（${inboxOf(sheet.element)}）`], ...queues];
  return [
    sheet.pick("queue", "归谁的待办", options, "平常把任务拖到那一级的泳道里就行"),
    sheet.flag("bulk", "可以勾选多户，一次办理"),
    separated(sheet, steps),
    sheet.picks("shows", "办理时展开看哪些步骤的表", steps),
    sheet.flag(...UNUSUAL),
    sheet.text("variable", "表单存入变量", "不写就与表单同名"),
  ];
}

function inboxOf(element) {
  const lane = laneOf(element);
  if (!lane) return "不在泳道里";
  return queueOf(lane.name ?? "", lane.id)?.name ?? "泳道名不明";
}

// A rule with signs of its own (all but some) is written, a plain one is ticked.
function separated(sheet, steps) {
  const [name, label] = ["separateFrom", "办过这些步骤的人不能办这一步"];
  const value = sheet.value(name);
  if (/[*!]/.test(value)) return field(name, label, line(value, sheet.put(name)));
  const starts = sheet.steps("StartEvent").map(([id, words]) => [id, `启动人（${words}）`]);
  return sheet.picks(name, label, [...steps, ...starts]);
}
