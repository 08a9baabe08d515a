"""The smallest procedure that runs: what an empty draft begins with."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from engine.ground.tables import to_json

_DIAGRAM = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
    xmlns:di="http://www.omg.org/spec/DD/20100524/DI"
    xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="definitions_{key}"
    targetNamespace="http://shouwang.example/bpmn">
  <bpmn:collaboration id="{key}_collaboration">
    <bpmn:participant id="{key}_pool" name={name} processRef="{key}" />
  </bpmn:collaboration>
  <bpmn:process id="{key}" name={name} isExecutable="true">
    <bpmn:laneSet id="{key}_lanes">
      <bpmn:lane id="{key}_village" name="村级">
        <bpmn:flowNodeRef>{key}_begin</bpmn:flowNodeRef>
        <bpmn:flowNodeRef>{key}_step</bpmn:flowNodeRef>
        <bpmn:flowNodeRef>{key}_end</bpmn:flowNodeRef>
      </bpmn:lane>
    </bpmn:laneSet>
    <bpmn:startEvent id="{key}_begin" name="开始">
      <bpmn:outgoing>{key}_flow_1</bpmn:outgoing>
    </bpmn:startEvent>
    <bpmn:userTask id="{key}_step" name="第一步">
      <bpmn:extensionElements>
        <spiffworkflow:properties>
          <spiffworkflow:property name="formKey" value="{key}_form" />
        </spiffworkflow:properties>
      </bpmn:extensionElements>
      <bpmn:incoming>{key}_flow_1</bpmn:incoming>
      <bpmn:outgoing>{key}_flow_2</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:endEvent id="{key}_end" name="办结">
      <bpmn:incoming>{key}_flow_2</bpmn:incoming>
    </bpmn:endEvent>
    <bpmn:sequenceFlow id="{key}_flow_1" sourceRef="{key}_begin" targetRef="{key}_step" />
    <bpmn:sequenceFlow id="{key}_flow_2" sourceRef="{key}_step" targetRef="{key}_end" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="{key}_diagram">
    <bpmndi:BPMNPlane id="{key}_plane" bpmnElement="{key}_collaboration">
      <bpmndi:BPMNShape id="{key}_pool_di" bpmnElement="{key}_pool" isHorizontal="true">
        <dc:Bounds x="160" y="80" width="720" height="240" />
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="{key}_village_di" bpmnElement="{key}_village" isHorizontal="true">
        <dc:Bounds x="190" y="80" width="690" height="240" />
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="{key}_begin_di" bpmnElement="{key}_begin">
        <dc:Bounds x="252" y="182" width="36" height="36" />
        <bpmndi:BPMNLabel><dc:Bounds x="259" y="225" width="22" height="14" /></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="{key}_step_di" bpmnElement="{key}_step">
        <dc:Bounds x="400" y="160" width="100" height="80" />
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="{key}_end_di" bpmnElement="{key}_end">
        <dc:Bounds x="612" y="182" width="36" height="36" />
        <bpmndi:BPMNLabel><dc:Bounds x="619" y="225" width="22" height="14" /></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="{key}_flow_1_di" bpmnElement="{key}_flow_1">
        <di:waypoint x="288" y="200" /><di:waypoint x="400" y="200" />
      </bpmndi:BPMNEdge>
      <bpmndi:BPMNEdge id="{key}_flow_2_di" bpmnElement="{key}_flow_2">
        <di:waypoint x="500" y="200" /><di:waypoint x="612" y="200" />
      </bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""


def blank_diagram(key: str, name: str) -> bytes:
    """A diagram with one lane, a start, one user task and an end;
    `key` is the procedure's and begins every id.
    """
    return _DIAGRAM.format(key=key, name=quoteattr(name)).encode()


def blank_form(name: str) -> bytes:
    """The form of its user task: one line of text."""
    field = {
        "type": "textfield",
        "key": "note",
        "label": "办理情况",
        "validate": {"required": True, "maxLength": 200},
    }
    return to_json({"type": "default", "schemaVersion": 18, "id": name, "components": [field]}).encode()
