// What is particular to a kind of element: its name, and what stands first in the panel.
import { area, choice, field, line } from "./fields.js";
import { awaited, started } from "./events.js";
import { called, decided, done, served } from "./tasks.js";
import { conditioned } from "./condition.js";
import { formName } from "./forms.js";
import { pair } from "./sheet.js";
import { queueOf } from "../texts/queues.js";
import { hint } from "../../editors/elements.js";

const TYPES = {
  UserTask: "人工任务",
  ManualTask: "线下任务",
  ServiceTask: "系统功能",
  BusinessRuleTask: "决策表",
  CallActivity: "公用环节",
  SubProcess: "子流程",
  StartEvent: "开始",
  EndEvent: "结束",
  IntermediateCatchEvent: "等待",
  BoundaryEvent: "步骤上的事件",
  ExclusiveGateway: "排他网关",
  ParallelGateway: "并行网关",
  InclusiveGateway: "包容网关",
  EventBasedGateway: "事件网关",
  SequenceFlow: "连线",
  Lane: "泳道",
  Participant: "流程",
  Process: "流程",
  TextAnnotation: "注释",
  Collaboration: "整张图",
};

const LABELS = {
  "bpmn:Lane": "名称（须含村、乡、县、市或省）",
  "bpmn:SequenceFlow": "线上的字",
  "bpmn:Process": "流程的名称",
};

const PARTICULAR = [
  [["SequenceFlow"], conditioned],
  [["ServiceTask"], served],
  [["BusinessRuleTask"], decided],
  [["CallActivity"], called],
  [["UserTask", "ManualTask"], done],
  [["EndEvent"], ended],
  [["StartEvent"], started],
  [["Event"], awaited],
  [["Process"], processed],
  [["ExclusiveGateway", "InclusiveGateway"], divided],
];

const typeOf = (object) => object.$type.replace("bpmn:", "");
export const kindOf = (object) => TYPES[typeOf(object)] ?? typeOf(object);

export function particular(sheet) {
  const found = PARTICULAR.find(([kinds]) => sheet.is(...kinds));
  return found ? found[1](sheet) : [];
}

export function route(flow) {
  const words = (node) => node?.name || (node && TYPES[typeOf(node)]) || "";
  return `${words(flow.sourceRef)} → ${words(flow.targetRef)}`;
}

export function titleOf(object) {
  return object.name || (typeOf(object) === "SequenceFlow" ? route(object) : object.id);
}

export function naming(sheet) {
  const { object } = sheet;
  const name = line(object.name ?? "", (text) => sheet.set({ name: text }));
  return field("name", LABELS[object.$type] ?? "名称", name, sheet.is("Lane") ? inboxOf(sheet) : undefined);
}

function inboxOf({ object, known }) {
  const queue = queueOf(known.queues, object.name ?? "", object.id);
  return `这条泳道里的任务归：${queue?.name ?? "不知道，请改名"}`;
}

export function remark(sheet) {
  if (!sheet.is("TextAnnotation")) return guide();
  const write = (text) => sheet.editor.modeling.updateLabel(sheet.element, text);
  return field("text", "注释", area(sheet.object.text ?? "", write));
}

export function guide() {
  return hint(
    "单击图上的元素，在这里修改。左边的工具可以拖到图上；选中元素后，旁边的小图标可以接下一步、连线、换类型、删除。",
  );
}

function ended(sheet) {
  return [sheet.text("outcome")];
}

function processed(sheet) {
  const pool = sheet.element.businessObject;
  const rename = (text) => sheet.editor.modeling.updateProperties(sheet.element, { name: text });
  const ofProcesses = sheet.known.properties.filter(({ on }) => on.includes("process"));
  const pages = ofProcesses.filter(({ key }) => key.endsWith("Form"));
  const tables = ofProcesses.filter(({ key }) => key.endsWith("Decision"));
  const decisions = [["", "不用"], ...sheet.known.decisions.map((one) => [one.key, one.name || one.key])];
  const forms = [["", "不用"], ...sheet.known.forms.map((one) => [one.key, formName(sheet, one.key)])];
  return [
    pool !== sheet.object && field("pool", "图上写的名称", line(pool.name ?? "", rename)),
    sheet.pick("about", sheet.known.subjects.map(pair)),
    sheet.flag("part"),
    sheet.text("exclusive"),
    ...pages.map(({ key }) => sheet.pick(key, forms)),
    ...tables.map(({ key }) => sheet.pick(key, decisions)),
  ];
}

function divided(sheet) {
  const out = sheet.object.outgoing ?? [];
  if (out.length < 2) return [];
  const options = [["", "没有（须选一条）"], ...out.map((flow) => [flow.id, flow.name || route(flow)])];
  const put = (id) => sheet.set({ default: out.find((flow) => flow.id === id) });
  const control = choice(sheet.object.default?.id ?? "", options, put);
  return [field("default", "默认出口", control, "其他条件都不成立时走这一条；其余每条线都要写条件")];
}
