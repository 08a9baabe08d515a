// What can be drawn is what the engine runs (engine/flow/check): a test of the server's holds the two
// together.

// The entries of the tool's type menu that lead to something that runs.
const RUNS = [
  "none-start",
  "message-start",
  "none-end",
  "terminate-end",
  "message-intermediate-catch",
  "timer-intermediate-catch",
  "message-boundary",
  "timer-boundary",
  "non-interrupting-message-boundary",
  "non-interrupting-timer-boundary",
  "user-task",
  "manual-task",
  "service-task",
  "rule-task",
  "call-activity",
  "collapsed-subprocess",
  "expanded-subprocess",
  "subprocess",
  "exclusive-gateway",
  "parallel-gateway",
  "inclusive-gateway",
  "event-based-gateway",
  "sequence-flow",
  "default-flow",
];

export const isOffered = (entry) => RUNS.some((name) => entry === `replace-with-${name}`);

const wait = (kind) => ({ eventDefinitionType: `bpmn:${kind}EventDefinition` });

// The palette's shapes: their group, icon, words and type; a group alone is a line below it.
export const SHAPES = {
  "create.user-task": ["activity", "user", "人工任务：有人要办的一步", "bpmn:UserTask"],
  "create.service-task": ["activity", "service", "系统功能：系统自动做的一步", "bpmn:ServiceTask"],
  "create.rule-task": ["activity", "business-rule", "决策表：按规则给出建议", "bpmn:BusinessRuleTask"],
  "create.call-activity": ["activity", "call-activity", "公用环节：调用另一张图", "bpmn:CallActivity"],
  "create.subprocess": ["activity", "subprocess-expanded", "子流程", "bpmn:SubProcess"],
  "activity-separator": ["activity"],
  "create.exclusive": ["gateway", "gateway-xor", "排他网关：按条件选一条路", "bpmn:ExclusiveGateway"],
  "create.parallel": ["gateway", "gateway-parallel", "并行网关：几条路同时走", "bpmn:ParallelGateway"],
  "create.event-based": [
    "gateway",
    "gateway-eventbased",
    "事件网关：时间和消息，先到者为准",
    "bpmn:EventBasedGateway",
  ],
  "gateway-separator": ["gateway"],
  "create.timer": [
    "event",
    "intermediate-event-catch-timer",
    "等待时间；放到任务边上就是期限",
    "bpmn:IntermediateCatchEvent",
    wait("Timer"),
  ],
  "create.message": [
    "event",
    "intermediate-event-catch-message",
    "等待消息",
    "bpmn:IntermediateCatchEvent",
    wait("Message"),
  ],
  "create.start": ["event", "start-event-none", "开始", "bpmn:StartEvent"],
  "create.end": ["event", "end-event-none", "结束", "bpmn:EndEvent"],
};

// What the small menu at an element can append, beside what the tool offers there.
export const NEXT = {
  "append.user-task": ["user", "接人工任务", "bpmn:UserTask"],
  "append.service-task": ["service", "接系统功能", "bpmn:ServiceTask"],
  "append.timer": [
    "intermediate-event-catch-timer",
    "接等待时间",
    "bpmn:IntermediateCatchEvent",
    wait("Timer"),
  ],
};

// What the tool offers there and the engine does not run.
const WITHHELD = [
  "append.intermediate-event",
  "append.append-task",
  "append.receive-task",
  "append.condition-intermediate-event",
  "append.signal-intermediate-event",
  "append.compensation-activity",
];

export const isWithheld = (entry) => WITHHELD.includes(entry);
