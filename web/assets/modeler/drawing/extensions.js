// What may stand in the spiffworkflow namespace: every extension that the engine's parser reads. An element
// of a known prefix that is missing here would be dropped on saving, so the list is complete rather than what
// the panel offers.
const element = (name, properties = []) => ({ name, superClass: ["Element"], properties });
const attribute = (name) => ({ name, type: "String", isAttr: true });
const text = (name) => element(name, [{ name: "body", type: "String", isBody: true }]);
const one = (name, type) => ({ name, type });
const many = (name, type) => ({ name, type, isMany: true });

const TEXTS = [
  "AllowGuest", "CalledDecisionId", "Category", "ExpectedOutputJson", "Expression", "GuestConfirmation",
  "InputJson",
  "InstructionsForEndUser", "MessagePayload", "MessageVariable", "PayloadExpression", "PostScript",
  "PreScript",
  "PropertyId", "SignalButtonLabel", "VariableName",
];

export default {
  name: "Shouwang",
  prefix: "spiffworkflow",
  uri: "http://spiffworkflow.org/bpmn/schema/1.0/core",
  xml: { tagAlias: "lowerCase" },
  associations: [],
  types: [
    ...TEXTS.map(text),
    element("Property", [attribute("name"), attribute("value")]),
    element("Properties", [many("values", "Property")]),
    element("Parameter", [attribute("id"), attribute("type"), attribute("value")]),
    element("Parameters", [many("values", "Parameter")]),
    element("Retry", [attribute("retries"), attribute("backoff_base")]),
    element("ServiceTaskOperator", [
      attribute("id"),
      attribute("resultVariable"),
      one("parameters", "Parameters"),
      one("retry", "Retry"),
    ]),
    element("UnitTest", [
      attribute("id"),
      one("inputJson", "InputJson"),
      one("expectedOutputJson", "ExpectedOutputJson"),
    ]),
    element("UnitTests", [many("values", "UnitTest")]),
    element("TaskMetadataValue", [attribute("name"), attribute("value")]),
    element("TaskMetadataValues", [many("values", "TaskMetadataValue")]),
    element("ProcessVariableCorrelation", [one("propertyId", "PropertyId"), one("expression", "Expression")]),
    { name: "Looping", extends: ["bpmn:LoopCharacteristics"], properties: [attribute("scriptsOnInstances")] },
  ],
};
