// Reading what an element of a diagram carries. As bpmn-js's ModelUtil reads it, but without the tool around
// it, so that the specs can run in Node.
const SPIFF = "spiffworkflow";
// The extensions that the panel has controls for.
const SHOWN = ["Properties", "ServiceTaskOperator", "CalledDecisionId", "InstructionsForEndUser"];

export const objectOf = (element) => element?.businessObject ?? element;
export const is = (element, type) => Boolean(objectOf(element)?.$instanceOf?.(type));
export const isAny = (element, types) => types.some((type) => is(element, type));

// Whose properties the panel shows: a pool stands for its process.
export function subject(element) {
  const object = objectOf(element);
  return is(object, "bpmn:Participant") && object.processRef ? object.processRef : object;
}

export const extensions = (object) => object.extensionElements?.values ?? [];
export const isExtension = (one, type) => is(one, `${SPIFF}:${type}`);
export const extension = (object, type) => extensions(object).find((one) => isExtension(one, type));
export const bodyOf = (object, type) => extension(object, type)?.body?.trim() ?? "";
export const documentation = (object) => object.documentation?.[0]?.text ?? "";

export function properties(object) {
  const holders = extensions(object).filter((one) => isExtension(one, "Properties"));
  const pairs = holders.flatMap((holder) => holder.values ?? []);
  return Object.fromEntries(pairs.map((one) => [one.name, one.value ?? ""]));
}

// Camunda's modeler writes the form's key as an attribute; the engine understands both.
export function formKey(object) {
  const camunda = object.$attrs?.["camunda:formKey"] ?? "";
  return properties(object).formKey ?? camunda.split(/[/:]/).pop().replace(/\.(json|form)$/, "");
}

export function definitionOf(object, type) {
  return (object.eventDefinitions ?? []).find((one) => is(one, `bpmn:${type}EventDefinition`));
}

// What other tools wrote and nothing here shows.
export const others = (object) =>
  extensions(object).filter((one) => !SHOWN.some((type) => isExtension(one, type)));

// The flow nodes and flows of every process, inner ones too.
export function* nodes(modeler) {
  const walk = function* (holder) {
    for (const one of holder.flowElements ?? []) {
      yield one;
      yield* walk(one);
    }
  };
  const roots = modeler.getDefinitions()?.rootElements ?? [];
  for (const root of roots.filter((one) => is(one, "bpmn:Process"))) yield* walk(root);
}

// The innermost lane that an element lies in.
export function laneOf(element) {
  const object = objectOf(element);
  let inner = null;
  const look = (set) => {
    for (const lane of set?.lanes ?? []) {
      if ((lane.flowNodeRef ?? []).includes(object)) inner = lane;
      look(lane.childLaneSet);
    }
  };
  for (let holder = object.$parent; holder; holder = holder.$parent) {
    for (const set of holder.laneSets ?? []) look(set);
  }
  return inner;
}
