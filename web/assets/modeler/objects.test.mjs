import assert from "node:assert/strict";
import { test } from "node:test";
import { BpmnModdle } from "bpmn-moddle";
import extensions from "./drawing/extensions.js";
import { bodyOf, definitionOf, formKey, is, laneOf, nodes, others, properties, subject } from "./objects.js";

const NAMESPACES = [
  'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"',
  'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"',
  'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"',
  'xmlns:other="http://example.test"',
].join(" ");

async function read(inner) {
  const xml = `<definitions ${NAMESPACES} targetNamespace="t" id="d">${inner}</definitions>`;
  const { rootElement, elementsById } = await new BpmnModdle({ spiffworkflow: extensions }).fromXML(xml);
  return { modeler: { getDefinitions: () => rootElement }, at: elementsById };
}

const process = (inner) => `<process id="p">${inner}</process>`;
const carrying = (inner) => process(
  `<userTask id="t"><extensionElements>${inner}</extensionElements></userTask>`,
);
const property = (name, value) => `<spiffworkflow:property name="${name}" value="${value}" />`;

test("properties are read from wherever they stand, the later one of a name", async () => {
  const holder = (...pairs) => `<spiffworkflow:properties>${pairs.join("")}</spiffworkflow:properties>`;
  const { at } = await read(carrying(
    holder(property("a", "1"), property("b", "2")) + holder(property("a", "3")),
  ));
  assert.deepEqual(properties(at.t), { a: "3", b: "2" });
  const { at: bare } = await read(process('<userTask id="t" />'));
  assert.deepEqual(properties(bare.t), {});
});

test("a form is known by our property or as Camunda's modeler writes it", async () => {
  const keyOf = async (attribute) => formKey((await read(process(`<userTask id="t" ${attribute} />`))).at.t);
  assert.equal(await keyOf('camunda:formKey="embedded:app:forms/visit.form"'), "visit");
  assert.equal(await keyOf('camunda:formKey="visit"'), "visit");
  assert.equal(await keyOf(""), "");
});

test("what other tools wrote is told from what is shown", async () => {
  const { at } = await read(carrying(`
    <spiffworkflow:instructionsForEndUser> 先看证件 </spiffworkflow:instructionsForEndUser>
    <spiffworkflow:preScript>x = 1</spiffworkflow:preScript><other:colour value="red" />`));
  assert.equal(bodyOf(at.t, "InstructionsForEndUser"), "先看证件");
  assert.deepEqual(others(at.t).map((one) => one.$type), ["spiffworkflow:PreScript", "other:colour"]);
});

test("steps within steps are nodes too", async () => {
  const { modeler, at } = await read(`${process('<subProcess id="s"><userTask id="t" /></subProcess>')}
    <process id="q"><startEvent id="a"><timerEventDefinition id="e" /></startEvent></process>`);
  assert.deepEqual([...nodes(modeler)].map((one) => one.id), ["s", "t", "a"]);
  assert.equal(definitionOf(at.a, "Timer"), at.e);
  assert.equal(definitionOf(at.a, "Message"), undefined);
});

test("the innermost lane is whose inbox a step goes to", async () => {
  const { at } = await read(process(`<laneSet id="l"><lane id="outer" name="县级"><flowNodeRef>t</flowNodeRef>
    <childLaneSet id="m"><lane id="inner" name="乡级"><flowNodeRef>t</flowNodeRef></lane></childLaneSet>
    </lane></laneSet><userTask id="t" /><userTask id="u" />`));
  assert.equal(laneOf({ businessObject: at.t }).id, "inner");
  assert.equal(laneOf(at.u), null);
});

test("a pool stands for its process", async () => {
  const { at } = await read(`<collaboration id="c"><participant id="pool" processRef="p" /></collaboration>
    ${process("")}`);
  assert.equal(subject({ businessObject: at.pool }), at.p);
  assert.ok(is({ businessObject: at.pool }, "bpmn:Participant"));
  assert.ok(!is(undefined, "bpmn:Participant"));
});
