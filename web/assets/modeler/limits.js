// What can be drawn is what the engine runs: palette, the small menu at an element and the menu that changes
// its type.
import ContextPadProvider from "bpmn-js/lib/features/context-pad/ContextPadProvider";
import { definitionOf, is, isAny } from "./objects.js";

// The entries of the type menu that lead to something the check lets pass (engine.definitions.check).
const RUNS = new Set([
  "none-start", "message-start", "none-end", "terminate-end", "message-intermediate-catch",
  "timer-intermediate-catch",
  "message-boundary", "timer-boundary", "non-interrupting-message-boundary",
  "non-interrupting-timer-boundary", "user-task",
  "manual-task", "service-task", "rule-task", "call-activity", "collapsed-subprocess", "expanded-subprocess",
  "subprocess",
  "exclusive-gateway", "parallel-gateway", "inclusive-gateway", "event-based-gateway", "sequence-flow",
  "default-flow",
].map((name) => `replace-with-${name}`));

class Palette {
  constructor(palette, create, elementFactory, spaceTool, lassoTool, handTool, globalConnect) {
    Object.assign(this, { create, elementFactory, spaceTool, lassoTool, handTool, globalConnect });
    palette.registerProvider(this);
  }

  getPaletteEntries() {
    const tool = (icon, title, click) => ({
      group: "tools",
      className: `bpmn-icon-${icon}`,
      title,
      action: { click },
    });
    const shape = (group, icon, title, type, options = {}) => {
      const start = (event) => this.create.start(
        event,
        this.elementFactory.createShape({ type, ...options }),
      );
      return { group, className: `bpmn-icon-${icon}`, title, action: { dragstart: start, click: start } };
    };
    const inner = (event) => {
      const holder = this.elementFactory.createShape({
        type: "bpmn:SubProcess",
        x: 0,
        y: 0,
        isExpanded: true,
      });
      const first = this.elementFactory.createShape({
        type: "bpmn:StartEvent",
        x: 40,
        y: 82,
        parent: holder,
      });
      this.create.start(event, [holder, first], { hints: { autoSelect: [holder] } });
    };
    const wait = (kind) => ({ eventDefinitionType: `bpmn:${kind}EventDefinition` });
    return {
      "hand-tool": tool("hand-tool", "移动画布（H）", (event) => this.handTool.activateHand(event)),
      "lasso-tool": tool("lasso-tool", "框选（L）", (event) => this.lassoTool.activateSelection(event)),
      "space-tool": tool("space-tool", "腾出或收拢空间（S）", (event) => this.spaceTool.activateSelection(event)),
      "global-connect-tool": tool("connection-multi", "连线（C）", (event) => this.globalConnect.start(event)),
      "tool-separator": { group: "tools", separator: true },
      "create.user-task": shape("activity", "user", "人工任务：有人要办的一步", "bpmn:UserTask"),
      "create.service-task": shape("activity", "service", "系统功能：系统自动做的一步", "bpmn:ServiceTask"),
      "create.rule-task": shape("activity", "business-rule", "决策表：按规则给出建议", "bpmn:BusinessRuleTask"),
      "create.call-activity": shape("activity", "call-activity", "公用环节：调用另一张图", "bpmn:CallActivity"),
      "create.subprocess": {
        group: "activity",
        className: "bpmn-icon-subprocess-expanded",
        title: "子流程",
        action: { dragstart: inner, click: inner },
      },
      "activity-separator": { group: "activity", separator: true },
      "create.exclusive": shape("gateway", "gateway-xor", "排他网关：按条件选一条路", "bpmn:ExclusiveGateway"),
      "create.parallel": shape("gateway", "gateway-parallel", "并行网关：几条路同时走", "bpmn:ParallelGateway"),
      "create.event-based": shape(
        "gateway",
        "gateway-eventbased",
        "事件网关：时间和消息，先到者为准",
        "bpmn:EventBasedGateway",
      ),
      "gateway-separator": { group: "gateway", separator: true },
      "create.timer": shape(
        "event",
        "intermediate-event-catch-timer",
        "等待时间；放到任务边上就是期限",
        "bpmn:IntermediateCatchEvent",
        wait("Timer"),
      ),
      "create.message": shape(
        "event",
        "intermediate-event-catch-message",
        "等待消息",
        "bpmn:IntermediateCatchEvent",
        wait("Message"),
      ),
      "create.start": shape("event", "start-event-none", "开始", "bpmn:StartEvent"),
      "create.end": shape("event", "end-event-none", "结束", "bpmn:EndEvent"),
    };
  }
}
Palette.$inject = [
  "palette",
  "create",
  "elementFactory",
  "spaceTool",
  "lassoTool",
  "handTool",
  "globalConnect",
];

class Pad extends ContextPadProvider {
  getContextPadEntries(element) {
    const {
      "append.intermediate-event": _event,
      "append.append-task": task,
      "append.receive-task": _receive,
      "append.condition-intermediate-event": _condition,
      "append.signal-intermediate-event": _signal,
      "append.compensation-activity": _undo,
      ...kept
    } = super.getContextPadEntries(element);
    if (!task) return kept;
    const append = (icon, title, type, options = {}) => {
      const shape = () => this._elementFactory.createShape({ type, ...options });
      return {
        group: "model", className: `bpmn-icon-${icon}`, title,
        action: {
          click: (_, at) => this._autoPlace.append(at, shape()),
          dragstart: (event, at) => this._create.start(event, shape(), { source: at }),
        },
      };
    };
    return {
      "append.user-task": append("user", "接人工任务", "bpmn:UserTask"),
      "append.service-task": append("service", "接系统功能", "bpmn:ServiceTask"),
      "append.timer": append("intermediate-event-catch-timer", "接等待时间", "bpmn:IntermediateCatchEvent", {
        eventDefinitionType: "bpmn:TimerEventDefinition",
      }),
      ...kept,
    };
  }
}
Pad.$inject = ContextPadProvider.$inject;

// Runs after the tool's own provider and takes away what the engine would not run.
class Menu {
  constructor(popupMenu) {
    popupMenu.registerProvider("bpmn-replace", 500, this);
  }

  getPopupMenuEntries() {
    return (entries) => Object.fromEntries(Object.entries(entries).filter(([name]) => RUNS.has(name)));
  }

  getPopupMenuHeaderEntries(target) {
    const repeats = is(target, "bpmn:UserTask");
    return (entries) => (repeats ? entries : {});
  }
}
Menu.$inject = ["popupMenu"];

// A limit put on the edge of a step only warns and urges: what it stands on goes on (R15). To interrupt is a
// choice.
class Limits {
  constructor(eventBus, modeling) {
    eventBus.on("commandStack.shape.replace.postExecuted", ({ context: { oldShape, newShape } }) => {
      const waited = isAny(oldShape, ["bpmn:IntermediateCatchEvent", "bpmn:IntermediateThrowEvent"]);
      const limit = is(newShape, "bpmn:BoundaryEvent") && definitionOf(newShape.businessObject, "Timer");
      if (waited && limit) modeling.updateProperties(newShape, { cancelActivity: false });
    });
  }
}
Limits.$inject = ["eventBus", "modeling"];

export default {
  __init__: ["typeMenuLimits", "limitsOnEdges"],
  paletteProvider: ["type", Palette],
  contextPadProvider: ["type", Pad],
  typeMenuLimits: ["type", Menu],
  limitsOnEdges: ["type", Limits],
};
