// Who does a step, and who does not.
import { laneOf } from "../objects.js";
import { queueOf } from "../texts/queues.js";
import { line } from "./fields.js";
import { pair } from "./sheet.js";

export function people(sheet) {
  if (sheet.is("UserTask", "ManualTask")) return assigned(sheet);
  return sheet.is("IntermediateCatchEvent", "BoundaryEvent", "CallActivity")
    ? [sheet.flag("exceptional")]
    : [];
}

function assigned(sheet) {
  const steps = sheet.steps("UserTask", "ManualTask");
  const queues = sheet.known.queues.map(pair);
  const options = [["", `按泳道（${inboxOf(sheet)}）`], ...queues];
  return [
    sheet.pick("queue", options),
    sheet.flag("bulk"),
    separated(sheet, steps),
    sheet.pick("returnsTo", [["", "前面任何一步"], ...queues]),
    sheet.picks("shows", steps),
    sheet.flag("exceptional"),
    sheet.text("variable"),
  ];
}

function inboxOf({ element, known }) {
  const lane = laneOf(element);
  if (!lane) return "不在泳道里";
  return queueOf(known.queues, lane.name ?? "", lane.id)?.name ?? "泳道名不明";
}

// A rule with signs of its own (all but some) is written, a plain one is ticked.
function separated(sheet, steps) {
  const name = "separateFrom";
  const value = sheet.value(name);
  if (/[*!]/.test(value)) return sheet.asked(name, line(value, sheet.put(name)));
  const starts = sheet.steps("StartEvent").map(([id, words]) => [id, `启动人（${words}）`]);
  return sheet.picks(name, [...steps, ...starts]);
}
