// The panel beside the drawing: for the chosen element, in plain words, what matters there; all else as a
// table of pairs.
import { getBusinessObject, is, isAny } from "bpmn-js/lib/util/ModelUtil";
import { area, choice, feel, field, h, line, rows, several, tick, whole } from "./fields.js";
import { COUNTS, KINDS, inWords, readLimit, writeLimit } from "./limit.js";
import {
  bodyOf,
  definitionOf,
  documentation,
  extension,
  formKey,
  others,
  properties,
  subject,
} from "../model.js";
import { names, nodes, users } from "./names.js";
import { conditionFields } from "./condition.js";
import { queueOf } from "./queues.js";
import { fill } from "../../page/older.js";

const TYPES = {
  UserTask: "人工任务", ManualTask: "线下任务", ServiceTask: "系统功能", BusinessRuleTask: "决策表", CallActivity: "公用环节",
  SubProcess: "子流程", StartEvent: "开始", EndEvent: "结束", IntermediateCatchEvent: "等待", BoundaryEvent: "步骤上的事件",
  ExclusiveGateway: "排他网关", ParallelGateway: "并行网关", InclusiveGateway: "包容网关", EventBasedGateway: "事件网关",
  SequenceFlow: "连线", Lane: "泳道", Participant: "流程", Process: "流程", TextAnnotation: "注释",
  Collaboration: "整张图",
};
const STATES =
  [["ordinary", "一般农户"], ["identifying", "正在识别"], ["monitored", "监测对象"], ["eliminated", "已消除风险"], ["cleared", "已清退"],
  ["lifted_with_policy", "脱贫享受政策户"], [
    "lifted_without_policy",
    "脱贫不享受政策户",
  ], ["allowance", "低保户"], ["destitute", "特困户"]];
// What a timer says of the law: where its period begins, the clause, its bounds, the document that allows
// other ones.
const LEGAL = ["countsFrom", "clause", "atLeast", "atMost", "allowedBy"];
const AFTER_RETURN = [["", "接着办理：再走到这里时，已登记的仍要办"], ["known", "只留作情况：再走到这里时，重新等待"]];
// The properties that have a control of their own, by the kind of element; any other one stays in the table
// of pairs.
const SHOWN = {
  "bpmn:UserTask": [
    "formKey",
    "queue",
    "variable",
    "bulk",
    "list",
    "document",
    "separateFrom",
    "shows",
    "exceptional",
  ],
  "bpmn:ManualTask": ["formKey", "queue", "exceptional"],
  "bpmn:BusinessRuleTask": ["resultVariable"],
  "bpmn:StartEvent": ["formKey", "variable", "opensFor", "recurs", "everyMonths", "receives"],
  "bpmn:EndEvent": ["outcome"],
  "bpmn:IntermediateCatchEvent": ["formKey", "exceptional", "afterReturn", ...LEGAL],
  "bpmn:BoundaryEvent": ["formKey", "exceptional", "warnDays", "afterReturn", ...LEGAL],
  "bpmn:CallActivity": ["exceptional"],
  "bpmn:Process": ["part", "exclusive", "measureForm", "supervisionForm"],
};

export class Panel {
  constructor(box, modeler, editor, known, { check, address, fixedKey }) {
    Object.assign(this, { box, modeler, editor, known, address, fixedKey });
    this.tools = { names: () => names(modeler, known), check };
    this.opened = new Set(["main"]);
    box.addEventListener("pointerdown", (event) => this.hold(event));
    box.addEventListener("change", ({ target }) => (target.dataset.taken = target.value), true);
    box.addEventListener("focusout", ({ target }) => target.dataset.carried && !this.drawing && take(target));
    const bus = modeler.get("eventBus");
    bus.on(["selection.changed", "import.done", "commandStack.changed", "root.set"], () => this.soon());
  }

  // After a change the panel is drawn anew once the browser has moved the focus, and the focus is put where
  // it was. Not under a finger: the press that left one field is on its way to another, which must still be
  // there to take it.
  soon() {
    clearTimeout(this.waiting);
    if (this.held) this.wanted = true;
    else this.waiting = setTimeout(() => this.draw(), 0);
  }

  hold(event) {
    const list = event.target.closest("select");
    const press = (this.held = new AbortController());
    const free = () => setTimeout(() => {
      press.abort();
      if (this.held !== press) return;
      this.held = null;
      if (this.wanted) this.soon();
      this.wanted = false;
    }, 0);
    const { signal } = press;
    if (!list) window.addEventListener("pointerup", free, { signal });
    else for (const name of ["change", "blur"]) list.addEventListener(name, free, { signal });
  }

  get element() {
    const chosen = this.modeler.get("selection").get();
    if (chosen.length > 1) return null;
    const one = chosen[0] ?? this.modeler.get("canvas").getRootElement();
    return one?.labelTarget ?? one;
  }

  draw() {
    const element = this.element;
    const before = this.box.contains(document.activeElement) ? document.activeElement : null;
    // Typed for the one that was shown
    if (before && this.shown !== element && this.drawn(this.shown)) take(before);
    const scroll = this.shown === element ? this.box.scrollTop : 0;
    this.shown = element;
    this.drawing = true;
    fill(
      this.box,
      ...(element ? this.groups(element) : [h("p", { className: "quiet p-3" }, "选中了几个元素。单击其中一个，可以在这里修改。")])
    );
    this.drawing = false;
    this.box.dataset.of = element ? subject(element).id : "";
    this.box.scrollTop = scroll;
    if (before?.dataset.field) this.goOn(before);
  }

  drawn(element) {
    return element && this.modeler.get("elementRegistry").get(element.id) === element;
  }

  // The keys go on where they were: what was typed and not yet taken stands in the new control, and is taken
  // when left. A key may be on its way while the panel is still to be drawn anew after the field before.
  goOn(before) {
    const fresh = this.box.querySelector(`[data-field="${CSS.escape(before.dataset.field)}"]`);
    if (!fresh) return;
    fresh.focus({ preventScroll: true });
    if (!isTyped(before) || !isTyping(fresh)) return;
    fresh.value = before.value;
    fresh.dataset.carried = "true";
    if (before.selectionStart !== null) fresh.setSelectionRange(before.selectionStart, before.selectionEnd);
  }

  groups(element) {
    const object = subject(element);
    const type = getBusinessObject(element).$type.replace("bpmn:", "");
    const head = h(
      "div",
      { className: "panel-head" },
      h("span", { className: "kind" }, TYPES[type] ?? type),
      type !== "Collaboration" && h(
        "strong",
        {},
        object.name || (type === "SequenceFlow" ? this.route(object) : object.id),
      ),
    );
    if (type === "Collaboration" || type === "TextAnnotation" || type === "Group" || type === "Association")
      return [
        head,
        this.group("main", "", type === "Collaboration" ? [this.hint()] : [this.remark(element, object)])
      ];
    const wanted = [
      this.group("main", "", [this.name(element, object), ...this.special(element, object)]),
      this.group("limit", "期限", this.timer(element, object)),
      this.group("people", "办理", this.work(element, object)),
      this.group("repeat", "办几次", this.repetition(element, object)),
      this.group("paper", "文书", this.paper(element, object)),
      this.group(
        "set",
        is(object, "bpmn:CallActivity") ? "交给这个环节的变量" : "交给后面的变量",
        this.settings(element, object),
      ),
      this.group("words", "说明", [
        field(
          "documentation",
          "说明和依据",
          area(documentation(object), (text) => this.editor.setDocumentation(element, object, text)),
          "写给看图的人：为什么有这一步，依据哪一条",
        ),
      ]),
      this.group("more", "编号和其他属性", [this.identifier(element, object), ...this.rest(element, object)]),
    ];
    return [head, ...wanted.filter(Boolean)];
  }

  group(key, title, fields) {
    const given = fields.filter(Boolean);
    if (!given.length) return null;
    if (!title) return h("div", { className: "pg" }, given);
    const open = this.opened.has(key) || key !== "more";
    return h(
      "details",
      {
        className: "pg",
        open,
        ontoggle: (event) => (event.target.open ? this.opened.add(key) : this.opened.delete(key)),
      },
      h("summary", {}, title),
      given,
    );
  }

  hint() {
    return h("p", { className: "hint" }, "单击图上的元素，在这里修改。左边的工具可以拖到图上；选中元素后，旁边的小图标可以接下一步、连线、换类型、删除。");
  }

  remark(element, object) {
    return is(object, "bpmn:TextAnnotation")
      ? field(
        "text",
        "注释",
        area(object.text ?? "", (text) => this.editor.modeling.updateLabel(element, text)),
      )
      : this.hint();
  }

  route(flow) {
    const called = (node) => node?.name || TYPES[node?.$type?.replace("bpmn:", "")] || "";
    return `${called(flow.sourceRef)} → ${called(flow.targetRef)}`;
  }

  name(element, object) {
    const labels = { "bpmn:Lane": "名称（须含村、乡、县、市或省）", "bpmn:SequenceFlow": "线上的字", "bpmn:Process": "流程的名称" };
    const write = (text) => (
      object === getBusinessObject(element)
        ? this.editor.modeling.updateProperties(element, { name: text })
        : this.editor.modeling.updateModdleProperties(element, object, { name: text })
    );
    const hint = is(object, "bpmn:Lane")
      ? `这条泳道里的任务归：${queueOf(object.name ?? "", object.id)?.name ?? "不知道，请改名"}`
      : undefined;
    return field("name", labels[object.$type] ?? "名称", line(object.name ?? "", write), hint);
  }

  // -- what is particular to a kind
  // -----------------------------------------------------------------------------------------

  special(element, object) {
    if (is(object, "bpmn:SequenceFlow")) return conditionFields(this, element, object);
    if (is(object, "bpmn:ServiceTask")) return this.service(element, object);
    if (is(object, "bpmn:BusinessRuleTask")) return this.decision(element, object);
    if (is(object, "bpmn:CallActivity")) return [this.called(element, object)];
    if (is(object, "bpmn:EndEvent"))
      return [this.property(element, object, "outcome", "结果的代号", "后面的条件和统计用，英文；名称是人看到的结果")];
    if (is(object, "bpmn:Process")) return this.process(element, object);
    if (isAny(object, ["bpmn:UserTask", "bpmn:ManualTask"]))
      return [this.form(element, object), this.instructions(element, object)];
    if (is(object, "bpmn:StartEvent")) return this.start(element, object);
    if (definitionOf(object, "Message"))
      return [this.message(element, object), this.form(element, object, "收到时填什么表")];
    if (isAny(object, ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway"]))
      return [this.gateway(element, object)];
    return [];
  }

  property(element, object, name, label, hint) {
    return field(
      name,
      label,
      line(
        properties(object)[name] ?? "",
        (value) => this.editor.setProperties(element, object, { [name]: value }),
      ),
      hint,
    );
  }

  flag(element, object, name, label, hint) {
    return tick(
      name,
      label,
      properties(object)[name] === "true",
      (on) => this.editor.setProperties(element, object, { [name]: on ? "true" : "" }),
      hint,
    );
  }

  form(element, object, label = "表单") {
    const value = formKey(object);
    const options = [["", "没有表单"], ...this.known.forms.map((form) => [form.key, this.formName(form.key)])];
    const links = h("div", { className: "links" },
      value && h("a", { href: this.address("forms", value) }, "编辑这张表"),
      h("a", { href: this.address() }, "新建表单"));
    return h(
      "div",
      {},
      field("formKey", label, choice(value, options, (key) => this.editor.setForm(element, object, key))),
      links,
    );
  }

  formName(key) {
    const steps = users(this.modeler, key);
    return steps.length ? `${key} · ${steps.slice(0, 2).join("、")}` : key;
  }

  instructions(element, object) {
    return field(
      "instructions",
      "办事提示",
      area(
        bodyOf(object, "InstructionsForEndUser"),
        (text) => this.editor.setBody(element, object, "InstructionsForEndUser", text),
      ),
      "经办人打开这一步时看到",
    );
  }

  service(element, object) {
    const operator = extension(object, "ServiceTaskOperator");
    const chosen = this.known.services.find((one) => one.key === operator?.id);
    const present = () => Object.fromEntries(
      (extension(object, "ServiceTaskOperator")?.parameters?.values ?? [
      ]).map((one) => [one.id, one.value ?? ""]),
    );
    const result = () => extension(object, "ServiceTaskOperator")?.resultVariable;
    const given = present();
    const save = (change) => this.editor.setService(element, object, operator?.id, result(), {
      ...present(),
      ...change
    });
    const options = [["", "请选择"], ...this.known.services.map((one) => [one.key, `${one.name}（${one.key}）`])];
    const shown = chosen?.parameters
      ?? Object.keys(given).map((key) => ({ key, name: key, required: false }));
    return [
      field(
        "service",
        "做什么",
        choice(operator?.id ?? "", options, (id) => this.editor.setService(element, object, id, result(), {})),
        chosen?.about,
      ),
      ...shown.map((one) => field(
        `parameter:${one.key}`,
        `${one.name}${one.required ? "" : "（可不写）"}`,
        feel(given[one.key] ?? "", (text) => save({ [one.key]: text }), {
          ...this.tools,
          rows: 1,
          placeholder: one.key,
        }),
      )),
      operator && field(
        "result",
        "结果存入变量",
        line(
          operator.resultVariable ?? "",
          (name) => this.editor.setService(element, object, operator.id, name, present()),
        ),
        shown.length ? "文字要加引号，如 \"拟纳入\"；变量不加" : undefined,
      ),
    ];
  }

  decision(element, object) {
    const key = bodyOf(object, "CalledDecisionId");
    const options = [["", "请选择"], ...this.known.decisions.map((one) => [one.key, `${one.name}（${one.key}）`])];
    return [
      h("div", {}, field("decision", "决策表", choice(key, options, (chosen) => this.editor.setBody(element, object, "CalledDecisionId", chosen))),
        h(
          "div",
          { className: "links" },
          key && h("a", { href: this.address("decisions", key) }, "编辑这张决策表"),
          h("a", { href: this.address() }, "新建决策表"),
        )),
      this.property(element, object, "resultVariable", "结果存入变量", "不写就与决策表同名"),
    ];
  }

  called(element, object) {
    const inner = (this.modeler.getDefinitions().rootElements ?? [])
      .filter((one) => is(one, "bpmn:Process") && !is(one, "bpmn:Collaboration"))
      .map((one) => [one.id, `${one.name || one.id}（本图）`]);
    const parts = this.known.parts.map((one) => [one.key, one.name]);
    const about = this.known.parts.find((one) => one.key === object.calledElement)?.about;
    return field(
      "called",
      "调用哪个环节",
      choice(
        object.calledElement ?? "",
        [["", "请选择"], ...parts, ...inner],
        (key) => this.editor.modeling.updateProperties(element, { calledElement: key || undefined }),
      ),
      about,
    );
  }

  process(element, object) {
    const pool = getBusinessObject(element);
    return [
      pool !== object && field(
        "pool",
        "图上写的名称",
        line(pool.name ?? "", (text) => this.editor.modeling.updateProperties(element, { name: text })),
      ),
      this.flag(element, object, "part", "这是公用环节，由别的流程调用，不单独启动"),
      this.property(element, object, "exclusive", "互斥的组", "同一组的流程，一户同时只办一件，如 register"),
      this.formOf(element, object, "measureForm", "登记措施进展用的表单"),
      this.formOf(element, object, "supervisionForm", "答复督办用的表单"),
    ];
  }

  formOf(element, object, name, label) {
    const options = [["", "不用"], ...this.known.forms.map((one) => [one.key, this.formName(one.key)])];
    return field(
      name,
      label,
      choice(
        properties(object)[name] ?? "",
        options,
        (key) => this.editor.setProperties(element, object, { [name]: key }),
      ),
    );
  }

  start(element, object) {
    const given = properties(object);
    return [
      this.form(element, object, "启动时填什么表"),
      is(object.$parent, "bpmn:Process") && field(
        "opensFor",
        "在农户页面可以启动，对",
        several(
          "opensFor",
          STATES,
          given.opensFor ?? "",
          (value) => this.editor.setProperties(element, object, { opensFor: value }),
        ),
        "都不选就只能由别的流程启动",
      ),
      is(object.$parent, "bpmn:Process")
        && this.property(element, object, "receives", "由别的流程启动时收到的变量", "英文名，用逗号隔开"),
      is(object.$parent, "bpmn:Process") && this.flag(element, object, "recurs", "可以定期开展"),
      given.recurs === "true" && field(
        "everyMonths",
        "间隔（月）",
        whole(
          given.everyMonths ?? "",
          (value) => this.editor.setProperties(element, object, { everyMonths: value }),
        ),
      ),
    ];
  }

  message(element, object) {
    const definition = definitionOf(object, "Message");
    const list = h(
      "datalist",
      { id: "panel-messages" },
      this.editor.messages().map((one) => h("option", { value: one.name })),
    );
    return h(
      "div",
      {},
      list,
      field(
        "message",
        "等哪个消息",
        line(definition.messageRef?.name ?? "", (name) => this.editor.setMessage(element, definition, name), {
          list: "panel-messages",
        }),
        "例如 objection（异议）；选已有的，或写一个新的英文名",
      ),
      is(object, "bpmn:StartEvent")
        ? null
        : field(
          "afterReturn",
          "事项退回到这之前时",
          choice(
            properties(object).afterReturn ?? "",
            AFTER_RETURN,
            (value) => this.editor.setProperties(element, object, { afterReturn: value }),
          ),
          "登记过的异议、意见不会因为退回而丢失",
        ),
    );
  }

  gateway(element, object) {
    const out = object.outgoing ?? [];
    if (out.length < 2) return null;
    const options = [["", "没有（须选一条）"], ...out.map((flow) => [flow.id, flow.name || this.route(flow)])];
    return field(
      "default",
      "默认出口",
      choice(
        object.default?.id ?? "",
        options,
        (id) => this.editor.modeling.updateProperties(element, {
          default: out.find((flow) => flow.id === id),
        }),
      ),
      "其他条件都不成立时走这一条；其余每条线都要写条件",
    );
  }

  // -- limits
  // -----------------------------------------------------------------------------------------------------------------

  timer(element, object) {
    const definition = definitionOf(object, "Timer");
    if (!definition) return [];
    const text = (definition.timeDate ?? definition.timeDuration ?? definition.timeCycle)?.body ?? "";
    const limit = readLimit(text);
    // Begun, and not yet a whole limit
    if (this.pending?.of === definition) Object.assign(limit, this.pending.limit);
    const dates = names(this.modeler, this.known);
    const nameOf = (key) => dates.find((one) => one.key === key)?.name ?? key;
    const save = (change) => {
      const chosen = { ...limit, ...change };
      const wanted = writeLimit({ text, ...chosen });
      this.pending = wanted.text ? null : { of: definition, limit: chosen };
      if (wanted.text) this.editor.setTimer(element, definition, wanted.name, wanted.text);
      else this.soon();
    };
    const counted = limit.kind === "days" || limit.kind === "workdays";
    const days = dates.filter((one) => one.type === "datetime" || /日期|_on$|_date$/.test(
      `${one.name}${one.key}`,
    ));
    return [
      field(
        "limit:kind",
        "怎么算",
        choice(
          limit.kind,
          [["", "请选择"], ...KINDS],
          (kind) => save({ kind, count: limit.count || (kind === "other" || kind === "date" ? "" : "5") }),
        ),
      ),
      (counted || COUNTS[limit.kind]) && field(
        "limit:count",
        COUNTS[limit.kind] ?? "天数",
        whole(limit.count, (count) => save({ count }), { min: 1 }),
      ),
      limit.kind === "cycle" && field(
        "limit:rounds",
        "共几次",
        whole(limit.rounds, (rounds) => save({ rounds }), { min: 1, max: 100 }),
        "不写就一直到这一步办结，至多 100 次",
      ),
      counted && field(
        "limit:from",
        "自哪一日起",
        choice(limit.from, [["", "请选择"], ...days.map((one) => [one.key, one.name])], (from) => save({ from })),
      ),
      limit.kind === "date" && field(
        "limit:date",
        "日期",
        line(limit.date ?? "", (date) => save({ date }), { type: "date" }),
      ),
      limit.kind === "other" && field(
        "limit:text",
        "表达式",
        feel(text, (typed) => save({ kind: "other", text: typed }), { ...this.tools, timer: true }),
      ),
      inWords(limit, nameOf) && h("p", { className: "words" }, inWords(limit, nameOf)),
      is(object, "bpmn:BoundaryEvent")
        && tick(
          "interrupting",
          "到期时中断这一步",
          object.cancelActivity !== false,
          (on) => this.editor.modeling.updateProperties(element, { cancelActivity: on }),
          "不中断：只预警、催办，这一步照常办",
        ),
      is(object, "bpmn:BoundaryEvent") && field(
        "warnDays",
        "到期前几天预警",
        whole(
          properties(object).warnDays ?? "",
          (value) => this.editor.setProperties(element, object, { warnDays: value }),
        ),
      ),
      ...this.legal(element, object),
    ];
  }

  legal(element, object) {
    if (!isAny(object, ["bpmn:BoundaryEvent", "bpmn:IntermediateCatchEvent"])) return [];
    const given = properties(object);
    const put = (name) => (value) => this.editor.setProperties(element, object, { [name]: value });
    const steps = [...nodes(this.modeler)]
      .filter((one) => is(one, "bpmn:UserTask"))
      .map((one) => [one.id, one.name || one.id]);
    return [
      field(
        "countsFrom",
        "日期由哪一步填写",
        choice(given.countsFrom ?? "", [["", "不限"], ...steps], put("countsFrom")),
        "填的日期早于那一步打开之日的，自打开之日起算",
      ),
      this.property(element, object, "clause", "依据的条款", "法定期限写条款编号，如 R10；系统按条款核对天数"),
      field("atLeast", "法定不少于（天）", whole(given.atLeast ?? "", put("atLeast"), { min: 1 })),
      field("atMost", "法定不超过（天）", whole(given.atMost ?? "", put("atMost"), { min: 1 })),
      this.property(element, object, "allowedBy", "另有规定的文件", "天数与法定不同时，写明文件名称和文号，审批时由第二人核对"),
    ];
  }

  // -- work
  // -------------------------------------------------------------------------------------------------------------------

  work(element, object) {
    if (!isAny(object, ["bpmn:UserTask", "bpmn:ManualTask"])) {
      return isAny(object, ["bpmn:IntermediateCatchEvent", "bpmn:BoundaryEvent", "bpmn:CallActivity"])
        ? [this.flag(element, object, "exceptional", "平常走不到，走到了才列入办理进度")]
        : [];
    }
    const lane = laneOf(element);
    const from = lane ? (queueOf(lane.name ?? "", lane.id)?.name ?? "泳道名不明") : "不在泳道里";
    const steps = [...nodes(this.modeler)]
      .filter((one) => isAny(one, ["bpmn:UserTask", "bpmn:ManualTask"]) && one !== object)
      .map((one) => [one.id, one.name || one.id]);
    const starts = [...nodes(this.modeler)]
      .filter((one) => is(one, "bpmn:StartEvent"))
      .map((one) => [one.id, `启动人（${one.name || one.id}）`]);
    const separate = properties(object).separateFrom ?? "";
    return [
      field(
        "queue",
        "归谁的待办",
        choice(
          properties(object).queue ?? "",
          [["", `按泳道（${from}）`], ...this.known.queues.map((one) => [one.key, one.name])],
          (value) => this.editor.setProperties(element, object, { queue: value }),
        ),
        "平常把任务拖到那一级的泳道里就行",
      ),
      this.flag(element, object, "bulk", "可以勾选多户，一次办理"),
      field(
        "separateFrom",
        "办过这些步骤的人不能办这一步",
        separate.includes("*") || separate.includes("!")
          ? line(separate, (value) => this.editor.setProperties(element, object, { separateFrom: value }))
          : several(
            "separateFrom",
            [...steps, ...starts],
            separate,
            (value) => this.editor.setProperties(element, object, { separateFrom: value }),
          ),
      ),
      field(
        "shows",
        "办理时展开看哪些步骤的表",
        several(
          "shows",
          steps,
          properties(object).shows ?? "",
          (value) => this.editor.setProperties(element, object, { shows: value }),
        ),
      ),
      this.flag(element, object, "exceptional", "平常走不到，走到了才列入办理进度"),
      this.property(element, object, "variable", "表单存入变量", "不写就与表单同名"),
    ];
  }

  repetition(element, object) {
    if (!is(object, "bpmn:UserTask")) return [];
    const mark = object.loopCharacteristics;
    const now = !mark
      ? ""
      : is(mark, "bpmn:StandardLoopCharacteristics")
      ? "loop"
      : mark.isSequential
      ? "turn"
      : "once";
    const put = (kind) => {
      const made = !kind
        ? undefined
        : this.editor.create(
          kind === "loop" ? "bpmn:StandardLoopCharacteristics" : "bpmn:MultiInstanceLoopCharacteristics",
          kind === "loop" ? {} : { isSequential: kind === "turn" },
          object,
        );
      if (made && mark && kind !== "loop" && now !== "loop")
        for (const name of [
          "loopDataInputRef",
          "loopCardinality",
          "inputDataItem",
          "outputDataItem",
          "loopDataOutputRef",
          "completionCondition"
        ])
          if (mark[name]) made[name] = mark[name];
      this.editor.modeling.updateProperties(element, { loopCharacteristics: made });
    };
    const set = (values) => this.editor.modeling.updateModdleProperties(element, mark, values);
    const text = (name, label, hint) => field(
      `loop:${name}`,
      label,
      feel(
        mark[name]?.body ?? "",
        (typed) => set({ [name]: this.editor.expression(typed, mark) }),
        { ...this.tools, rows: 1 },
      ),
      hint,
    );
    const item = (name, label, hint) => field(
      `loop:${name}`,
      label,
      line(
        mark[name]?.name ?? mark[name]?.id ?? "",
        (typed) => set({
          [name]: typed
            ? this.editor.create(
              name === "inputDataItem" ? "bpmn:DataInput" : "bpmn:DataOutput",
              { id: mark[name]?.id ?? `${object.id}_${typed}`, name: typed },
              mark,
            )
            : undefined,
        }),
      ),
      hint,
    );
    const loose = (name, label, hint) => field(
      `loop:${name}`,
      label,
      feel(
        mark[name]?.id ?? "",
        (typed) => set({ [name]: typed ? { id: typed } : undefined }),
        { ...this.tools, rows: 1 },
      ),
      hint,
    );
    return [
      field(
        "loop:kind",
        "办几次",
        choice(
          now,
          [["", "一次"], ["once", "名单上每个各一次，同时办"], ["turn", "名单上每个各一次，依次办"], ["loop", "反复办，到条件成立为止"]],
          put,
        ),
      ),
      ...(now === "once" || now === "turn" ? [
        !mark.loopCardinality && loose("loopDataInputRef", "名单（变量）", "例如 verification.members"),
        !mark.loopDataInputRef && text("loopCardinality", "或者：办几次"),
        item("inputDataItem", "每一个叫什么（变量）", "这一步里用它指当前的那一个，例如 member"),
        loose("loopDataOutputRef", "各次的结果存入变量"),
        text("completionCondition", "提前结束的条件"),
      ] : []),
      ...(
        now === "loop"
          ? [
            text("loopCondition", "继续办的条件"),
            field(
              "loop:max",
              "最多几次",
              whole(
                mark.loopMaximum ?? "",
                (value) => set({ loopMaximum: value ? Number(value) : undefined }),
              ),
            ),
            tick("loop:before", "先看条件再办", mark.testBefore === true, (on) => set({ testBefore: on })),
          ]
          : []
      ),
    ];
  }

  paper(element, object) {
    if (!is(object, "bpmn:UserTask")) return [];
    const given = properties(object);
    const name = given.document !== undefined && given.list === undefined ? "document" : "list";
    const kind = given[name] ?? "";
    const texts = [
      ["matter", "事由"],
      ["basis", "依据"],
      ["addressee", "报给谁"],
      ["signature", "落款"],
      ["when", "列入名单的条件"],
    ];
    const written = Object.keys(given).some((key) => key.startsWith("paper:"));
    return [
      field(
        "list",
        "这一步的文书",
        choice(
          kind,
          [["", "没有"], ...this.known.papers.map((one) => [one.key, one.name])],
          (value) => this.editor.setProperties(element, object, { [name]: value }),
        ),
      ),
      ...(written || ["proposed_list", "approval_form"].includes(kind) ? [
        ...texts.map(([key, label]) => field(
          `paper:${key}`,
          label,
          feel(
            given[`paper:${key}`] ?? "",
            (text) => this.editor.setProperties(element, object, { [`paper:${key}`]: text }),
            { ...this.tools, rows: 1 },
          ),
        )),
        this.property(element, object, "paper:fields", "名单上另加的栏", "这一步表单的字段名，用逗号隔开"),
      ] : []),
    ];
  }

  settings(element, object) {
    if (!isAny(object, ["bpmn:CallActivity", "bpmn:EndEvent"])) return [];
    const entries = Object.entries(properties(object)).filter(([key]) => key.startsWith("set:"));
    const hint = is(object, "bpmn:CallActivity")
      ? "进入公用环节之前赋值，如 notice_matter 写 \"拟纳入\""
      : "结束时赋值，调用的流程据此走哪一条";
    return [
      rows(
        entries,
        (old, key, value) => this.replace(element, object, old, key, value),
        { ...this.tools, prefix: "set:", first: "变量", second: "值" },
      ),
      h("p", { className: "hint" }, hint)
    ];
  }

  replace(element, object, old, key, value) {
    this.editor.setProperties(element, object, {
      ...(old && old !== key ? { [old]: "" } : {}),
      ...(key ? { [key]: value } : {})
    });
  }

  // -- everything else
  // -----------------------------------------------------------------------------------------------------------

  identifier(element, object) {
    const fixed = is(object, "bpmn:Process") && this.fixedKey;
    const save = (id) => {
      const taken = id !== object.id && this.editor.moddle.ids.assigned(id);
      if (!/^[A-Za-z_][\w.-]*$/.test(id) || taken) {
        window.alert(taken ? `编号“${id}”已经有了，请换一个。` : "编号请用英文字母、数字、下划线，以字母开头。");
        this.soon();
      } else if (object === getBusinessObject(
        element,
      )) this.editor.modeling.updateProperties(element, { id });
      else this.editor.modeling.updateModdleProperties(element, object, { id });
    };
    return field(
      "id",
      "编号",
      line(object.id ?? "", save, { readOnly: Boolean(fixed) }),
      fixed ? "流程的编号启用后不能再改" : "在办的事项按编号认步骤：改了编号就是另一个步骤",
    );
  }

  rest(element, object) {
    const shown = new Set(SHOWN[object.$type] ?? []);
    const entries = Object
      .entries(properties(object))
      .filter(([key]) => !shown.has(key) && !key.startsWith("set:") && !(
        is(object, "bpmn:UserTask") && key.startsWith("paper:")
      ));
    const foreign = others(object);
    const attributes = Object
      .entries(object.$attrs ?? {})
      .filter(([key]) => key.includes(":") && !key.startsWith("xmlns") && key !== "camunda:formKey");
    return [
      h("p", { className: "pf-title" }, "其他属性"),
      rows(
        entries,
        (old, key, value) => this.replace(element, object, old, key, value),
        { first: "属性", second: "值" },
      ),
      attributes.length || foreign.length
        ? h(
          "p",
          { className: "hint" },
          `其他工具写的内容原样保留：${[...attributes.map(([key]) => key), ...foreign.map((one) => one.$type)].join("、")}`,
        )
        : null,
    ];
  }
}

const isTyping = (control) => control.matches("textarea, input:not([type=checkbox])");
const isTyped = (control) => isTyping(control)
  && ![control.defaultValue, control.dataset.taken].includes(control.value);

// A control that is taken away before the keys have left it tells of no change by itself.
function take(control) {
  if (isTyped(control)) control.dispatchEvent(new Event("change", { bubbles: true }));
}

export function laneOf(element) {
  const object = getBusinessObject(element);
  let inner = null;
  const look = (set) => {
    for (const lane of set?.lanes ?? []) {
      if ((lane.flowNodeRef ?? []).includes(object)) inner = lane;
      look(lane.childLaneSet);
    }
  };
  for (let holder = object.$parent; holder; holder = holder.$parent)
    for (const set of holder.laneSets ?? []) look(set);
  return inner;
}
