import assert from "node:assert/strict";
import { test } from "node:test";
import { BpmnModdle } from "bpmn-moddle";
import extensions from "../drawing/extensions.js";
import { names, users } from "./names.js";

const NONE = { forms: [], decisions: [], parts: [], handed: [], given: [] };

async function drawn(inner) {
  const xml = `<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
      xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" targetNamespace="t" id="d">
    <message id="objection_1" name="objection" /><process id="p">${inner}</process></definitions>`;
  const { rootElement, warnings } = await new BpmnModdle({ spiffworkflow: extensions }).fromXML(xml);
  assert.deepEqual(warnings, []);
  return { getDefinitions: () => rootElement };
}

const given = (pairs) => `<extensionElements><spiffworkflow:properties>${Object.entries(pairs)
  .map(([name, value]) => `<spiffworkflow:property name="${name}" value="${value}" />`)
  .join("")}</spiffworkflow:properties></extensionElements>`;

async function words(inner, known = {}) {
  const found = names(await drawn(inner), { ...NONE, ...known });
  return Object.fromEntries(found.map((one) => [one.key, one.name]));
}

test("a step gives the fields of its form, under its variable or the form's name", async () => {
  const forms = [{ key: "visit", fields: [{ key: "income", name: "收入", type: "number", options: [] }] }];
  const task = (pairs) => `<userTask id="t" name="入户核实">${given(pairs)}</userTask>`;
  assert.deepEqual(await words(task({ formKey: "visit" }), { forms }), { "visit.income": "入户核实：收入" });
  const own = await words(task({ formKey: "visit", variable: "second" }), { forms });
  assert.deepEqual(own, { "second.income": "入户核实：收入" });
  const [field] = names(await drawn(task({ formKey: "visit" })), { ...NONE, forms });
  assert.deepEqual([field.type, field.options], ["number", []]);
});

test("a message gives what it brings under its own name", async () => {
  const forms = [{ key: "objecting", fields: [{ key: "matter", name: "事由" }] }];
  const event = `<intermediateCatchEvent id="e" name="异议">${given({ formKey: "objecting" })}
    <messageEventDefinition id="m" messageRef="objection_1" /></intermediateCatchEvent>`;
  assert.deepEqual(await words(event, { forms }), {
    "objection.matter": "异议：事由",
    objection: "“异议”收到的内容",
  });
});

test("services, decisions, called parts and ends give their results", async () => {
  const inner = `
    <serviceTask id="s" name="发通知"><extensionElements>
      <spiffworkflow:serviceTaskOperator id="notify" resultVariable="sent" />
    </extensionElements></serviceTask>
    <businessRuleTask id="b"><extensionElements>
      <spiffworkflow:calledDecisionId>tier</spiffworkflow:calledDecisionId>
    </extensionElements></businessRuleTask>
    <callActivity id="c" calledElement="public_notice">${given({ "set:notice_matter": "1" })}</callActivity>
    <endEvent id="e" name="纳入">${given({ outcome: "admitted" })}</endEvent>`;
  const known = {
    decisions: [{ key: "tier", name: "轻重", outputs: ["level"] }],
    parts: [{ key: "public_notice", names: [{ key: "notice.posted_on", name: "公示之日", type: "datetime" }] }],
  };
  assert.deepEqual(await words(inner, known), {
    sent: "“发通知”的结果",
    tier: "“轻重”的结果",
    "tier.level": "“轻重”：level",
    "notice.posted_on": "公示之日",
    notice_matter: "“c”写入",
    outcome: "结束时的结果",
  });
});

test("what a process receives, and a step that is done several times, give names", async () => {
  const inner = `<startEvent id="a">${given({ receives: "clue, household" })}</startEvent>
    <userTask id="t" name="走访"><multiInstanceLoopCharacteristics id="l">
      <inputDataItem id="i" name="member" /></multiInstanceLoopCharacteristics></userTask>`;
  const found = await words(inner, { given: [{ key: "clue", name: "线索" }] });
  assert.deepEqual(found, { clue: "启动时交来", household: "启动时交来", member: "“走访”的每一个" });
});

test("a name is offered once, in the words of where it is first set", async () => {
  const known = { handed: [{ key: "clue", name: "识别" }], given: [{ key: "clue", name: "线索" }] };
  assert.deepEqual(await words("", known), { clue: "“识别”交来" });
});

test("a form is known by the steps that use it, inner ones too", async () => {
  const modeler = await drawn(`<subProcess id="s">
    <userTask id="t" name="入户核实">${given({ formKey: "visit" })}</userTask></subProcess>
    <userTask id="u">${given({ formKey: "visit" })}</userTask>`);
  assert.deepEqual(users(modeler, "visit"), ["入户核实", "u"]);
  assert.deepEqual(users(modeler, "other"), []);
});
