// Limits the drawing tool to what the engine runs: its palette, the small menu at an element and the menu
// that changes an element's type.
import ContextPadProvider from "bpmn-js/lib/features/context-pad/ContextPadProvider";
import { definitionOf, is, isAny } from "../objects.js";
import { NEXT, SHAPES, isOffered, isWithheld } from "./offered.js";

const AFTER_THE_TOOL = 500; // a priority
const WAITS = ["bpmn:IntermediateCatchEvent", "bpmn:IntermediateThrowEvent"];

const mapped = (table, act) =>
  Object.fromEntries(Object.entries(table).map(([name, row]) => [name, act(...row)]));

class Palette {
  constructor(palette, create, elementFactory, spaceTool, lassoTool, handTool, globalConnect) {
    Object.assign(this, { create, elementFactory, spaceTool, lassoTool, handTool, globalConnect });
    palette.registerProvider(this);
  }

  getPaletteEntries() {
    const shapes = mapped(SHAPES, (group, ...shape) =>
      shape.length ? this.shape(group, ...shape) : { group, separator: true });
    return { ...this.tools(), "tool-separator": { group: "tools", separator: true }, ...shapes };
  }

  tools() {
    const tool = (icon, title, click) => ({
      group: "tools",
      className: `bpmn-icon-${icon}`,
      title,
      action: { click },
    });
    return {
      "hand-tool": tool("hand-tool", "移动画布（H）", (event) => this.handTool.activateHand(event)),
      "lasso-tool": tool("lasso-tool", "框选（L）", (event) => this.lassoTool.activateSelection(event)),
      "space-tool": tool("space-tool", "腾出或收拢空间（S）", (event) => this.spaceTool.activateSelection(event)),
      "global-connect-tool": tool("connection-multi", "连线（C）", (event) => this.globalConnect.start(event)),
    };
  }

  shape(group, icon, title, type, options = {}) {
    const start = (event) => {
      if (type === "bpmn:SubProcess") this.startSubProcess(event);
      else this.create.start(event, this.elementFactory.createShape({ type, ...options }));
    };
    return { group, className: `bpmn-icon-${icon}`, title, action: { dragstart: start, click: start } };
  }

  // A sub-process comes with its beginning.
  startSubProcess(event) {
    const make = (type, more) => this.elementFactory.createShape({ type, ...more });
    const holder = make("bpmn:SubProcess", { x: 0, y: 0, isExpanded: true });
    const first = make("bpmn:StartEvent", { x: 40, y: 82, parent: holder });
    this.create.start(event, [holder, first], { hints: { autoSelect: [holder] } });
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
    const entries = super.getContextPadEntries(element);
    const kept = Object.fromEntries(Object.entries(entries).filter(([name]) => !isWithheld(name)));
    if (!entries["append.append-task"]) return kept;
    return { ...mapped(NEXT, (...next) => this.append(...next)), ...kept };
  }

  append(icon, title, type, options = {}) {
    const shape = () => this._elementFactory.createShape({ type, ...options });
    return {
      group: "model",
      className: `bpmn-icon-${icon}`,
      title,
      action: {
        click: (_, at) => this._autoPlace.append(at, shape()),
        dragstart: (event, at) => this._create.start(event, shape(), { source: at }),
      },
    };
  }
}
Pad.$inject = ContextPadProvider.$inject;

class Menu {
  constructor(popupMenu) {
    popupMenu.registerProvider("bpmn-replace", AFTER_THE_TOOL, this);
  }

  getPopupMenuEntries() {
    return (entries) => Object.fromEntries(Object.entries(entries).filter(([name]) => isOffered(name)));
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
      const isLimit = is(newShape, "bpmn:BoundaryEvent") && definitionOf(newShape.businessObject, "Timer");
      if (isLimit && isAny(oldShape, WAITS)) modeling.updateProperties(newShape, { cancelActivity: false });
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
