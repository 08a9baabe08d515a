import assert from "node:assert/strict";
import { test } from "node:test";
import { BpmnModdle } from "bpmn-moddle";
import { NEXT, SHAPES, isOffered, isWithheld } from "./offered.js";

const moddle = new BpmnModdle();
const shapes = Object.values(SHAPES).filter((row) => row.length > 1);

test("every shape of the palette is an element of BPMN, with an icon and words of its own", () => {
  for (const [, , , type] of shapes) assert.equal(moddle.create(type).$type, type);
  assert.equal(new Set(shapes.map(([, icon]) => icon)).size, shapes.length);
  assert.equal(new Set(shapes.map(([, , words]) => words)).size, shapes.length);
});

test("an event that waits says for what", () => {
  const waiting = [...Object.values(SHAPES), ...Object.values(NEXT)].filter((row) =>
    row.includes("bpmn:IntermediateCatchEvent"));
  const kinds = waiting.map((row) => moddle.create(row.at(-1).eventDefinitionType).$type);
  const [timer, message] = ["bpmn:TimerEventDefinition", "bpmn:MessageEventDefinition"];
  assert.deepEqual(kinds, [timer, message, timer]);
});

test("what the engine does not run is neither offered nor left in the small menu", () => {
  for (const name of ["script-task", "send-task", "signal-start", "transaction", "complex-gateway"]) {
    assert.ok(!isOffered(`replace-with-${name}`), name);
  }
  assert.ok(isOffered("replace-with-user-task") && !isOffered("user-task"));
  assert.ok(isWithheld("append.receive-task") && !isWithheld("append.end-event"));
});
