"""Files of other modelers: what can run runs, what cannot is refused by name, what only pictures passes.

Each file is small and our own, written as the modeler named in its test writes.
"""

from __future__ import annotations

import pytest

import tests.support.field  # noqa: F401  diagrams call its services
from engine.flow.check import check
from engine.flow.diagram.resources import Resources
from engine.flow.diagram.xml import encoded, in_utf8
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.ground.errors import Finding
from tests.support.small import NOW, UNSTARTED, Host

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
FORM = (
    b'{"components": [{"type": "radio", "key": "outcome", "label": "x", "values": [{"value": "agree"}, '
    b'{"value": "refuse"}]}]}'
)
TABLE = (
    b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
    b'<decision id="tier" name="tier">'
    b'<decisionTable id="t"><input id="i"><inputExpression id="ie"><text>clue.outcome</text>'
    b"</inputExpression></input>"
    b'<output id="o" name="level"/><rule id="r"><inputEntry id="a"><text>"agree"</text></inputEntry>'
    b'<outputEntry id="b"><text>"high"</text>'
    b"</outputEntry></rule></decisionTable></decision></definitions>"
)
RESOURCES = Resources({"clue": FORM}, {"tier": TABLE})


def checked(text: str | bytes) -> tuple[Definition | None, list[Finding]]:
    """The definition and what the check says of the writing: who starts it, no other tool can write."""
    definition, found = check(text if isinstance(text, bytes) else text.encode(), RESOURCES)
    return definition, [one for one in found if not one.message.startswith(UNSTARTED)]


def begun(text: str | bytes, warnings: int = 0) -> Instance:
    definition, found = checked(text)
    assert definition is not None and len(found) == warnings, found
    instance = Instance(definition, Host())
    instance.start({}, NOW)
    return instance


def messages(text: str, element: str) -> str:
    return "".join(one.message for one in checked(text)[1] if one.element_id == element)


def camunda7(
    step: str, *, namespace: str = "http://camunda.org/schema/1.0/bpmn", more: str = "", attributes: str = ""
) -> str:
    """As Camunda Modeler saves for Camunda 7 (Flowable and Activiti: the same under another namespace)."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="{MODEL}" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
    xmlns:camunda="{namespace}" xmlns:modeler="http://camunda.org/schema/modeler/1.0" id="Definitions_1"
    targetNamespace="http://bpmn.io/schema/bpmn" exporter="Camunda Modeler" exporterVersion="5.10.0"
    modeler:executionPlatform="Camunda Platform" modeler:executionPlatformVersion="7.19.0">
  <bpmn:process id="Process_1" name="核实" isExecutable="true" camunda:historyTimeToLive="180" {attributes}>
    <bpmn:laneSet id="LaneSet_1"><bpmn:lane id="Lane_1" name="乡镇">
<bpmn:flowNodeRef>Activity_1</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>
    <bpmn:startEvent id="Event_1" camunda:asyncBefore="true"><bpmn:outgoing>Flow_1</bpmn:outgoing>
</bpmn:startEvent>
    <bpmn:sequenceFlow id="Flow_1" sourceRef="Event_1" targetRef="Activity_1" />
    {step}
    <bpmn:sequenceFlow id="Flow_2" sourceRef="Activity_1" targetRef="Event_2" />
    <bpmn:endEvent id="Event_2"><bpmn:incoming>Flow_2</bpmn:incoming></bpmn:endEvent>
    {more}
  </bpmn:process>
</bpmn:definitions>"""


FORM_KEY = 'camunda:formKey="camunda-forms:deployment:clue.form"'
STEP = f'<bpmn:userTask id="Activity_1" name="入户核实" {FORM_KEY} />'


@pytest.mark.duty("C5")
@pytest.mark.parametrize(
    "namespace",
    ["http://camunda.org/schema/1.0/bpmn", "http://flowable.org/bpmn", "http://activiti.org/bpmn"],
)
@pytest.mark.parametrize(
    "attribute",
    [
        FORM_KEY,
        'camunda:formKey="clue"',
        'camunda:formRef="clue"',
        'camunda:formKey="embedded:app:forms/clue.html"',
    ],
)
def test_camunda_7_and_its_kin_run_with_their_form_keys(namespace: str, attribute: str) -> None:
    instance = begun(
        camunda7(f'<bpmn:userTask id="Activity_1" name="入户核实" {attribute} />', namespace=namespace)
    )
    element = instance.definition.elements["Activity_1"]
    assert (element.form_key, element.queue, element.variable) == ("clue", "township", "clue")
    instance.complete(instance.open_tasks()[0].token, {}, NOW)
    assert instance.completed


@pytest.mark.duty("C5")
@pytest.mark.parametrize(
    ("inside", "sentence"),
    [
        (
            '<camunda:executionListener event="start"><camunda:script '
            'scriptFormat="groovy">x</camunda:script></camunda:executionListener>',
            "camunda:executionListener",
        ),
        ('<camunda:taskListener class="a.B" event="create" />', "camunda:taskListener"),
        (
            '<camunda:inputOutput><camunda:outputParameter name="x">${y}</camunda:outputParameter>'
            "</camunda:inputOutput>",
            "camunda:inputOutput",
        ),
        (
            "<camunda:connector><camunda:connectorId>http-connector</camunda:connectorId>"
            "</camunda:connector>",
            "连接器",
        ),
    ],
)
def test_what_camunda_7_would_do_beside_a_step_is_refused_by_name(inside: str, sentence: str) -> None:
    step = (
        f'<bpmn:userTask id="Activity_1" {FORM_KEY}>'
        f"<bpmn:extensionElements>{inside}</bpmn:extensionElements></bpmn:userTask>"
    )
    definition, _ = checked(camunda7(step))
    assert definition is None and sentence in messages(camunda7(step), "Activity_1")


@pytest.mark.parametrize(
    "attribute",
    ['camunda:assignee="${starter}"', 'camunda:candidateGroups="county"', 'camunda:dueDate="${now}"'],
)
def test_who_and_when_of_camunda_7_are_named_in_a_warning(attribute: str) -> None:
    step = f'<bpmn:userTask id="Activity_1" {FORM_KEY} {attribute} />'
    begun(camunda7(step), warnings=1)
    assert "不起作用" in messages(camunda7(step), "Activity_1")


@pytest.mark.parametrize(
    "call", ['camunda:class="org.X"', 'camunda:delegateExpression="${x}"', 'camunda:expression="${x.y()}"']
)
def test_a_service_task_of_camunda_7_that_calls_code_is_refused_by_name(call: str) -> None:
    step = f'<bpmn:serviceTask id="Activity_1" name="写台账" {call} />'
    assert call.partition("=")[0] in messages(camunda7(step), "Activity_1")


def test_a_condition_of_camunda_7_is_refused_and_shown() -> None:
    more = (
        '<bpmn:exclusiveGateway id="Gateway_1" default="Flow_5"/><bpmn:endEvent id="Event_3"/>'
        '<bpmn:sequenceFlow id="Flow_4" sourceRef="Gateway_1" targetRef="Event_2"><bpmn:conditionExpression '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        "xsi:type=\"bpmn:tFormalExpression\">${clue.outcome == 'agree'}"
        '</bpmn:conditionExpression></bpmn:sequenceFlow><bpmn:sequenceFlow id="Flow_5" '
        'sourceRef="Gateway_1" targetRef="Event_3"/>'
    )
    body = camunda7(STEP, more=more).replace(
        'sourceRef="Activity_1" targetRef="Event_2"', 'sourceRef="Activity_1" targetRef="Gateway_1"'
    )
    assert "${clue.outcome" in messages(body, "Flow_4")


def zeebe(inside: str, kind: str = "userTask") -> str:
    """As Camunda Modeler saves for Camunda 8."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="{MODEL}" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
    xmlns:modeler="http://camunda.org/schema/modeler/1.0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="D" targetNamespace="t"
    exporter="Camunda Modeler" modeler:executionPlatform="Camunda Cloud"
    modeler:executionPlatformVersion="8.5.0">
  <bpmn:process id="Process_8" isExecutable="true">
    <bpmn:extensionElements><zeebe:versionTag value="v1" /></bpmn:extensionElements>
    <bpmn:laneSet id="L"><bpmn:lane id="Lane_1" name="村级"><bpmn:flowNodeRef>first</bpmn:flowNodeRef>
<bpmn:flowNodeRef>second</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>
    <bpmn:startEvent id="start" />
    <bpmn:userTask id="first"><bpmn:extensionElements><zeebe:userTask /><zeebe:formDefinition formId="clue" />
</bpmn:extensionElements></bpmn:userTask>
    <bpmn:{kind} id="second"><bpmn:extensionElements>{inside}</bpmn:extensionElements></bpmn:{kind}>
    <bpmn:exclusiveGateway id="way" default="no" />
    <bpmn:endEvent id="end" /><bpmn:endEvent id="other" />
    <bpmn:sequenceFlow id="a" sourceRef="start" targetRef="first" />
    <bpmn:sequenceFlow id="b" sourceRef="first" targetRef="second" />
    <bpmn:sequenceFlow id="c" sourceRef="second" targetRef="way" />
    <bpmn:sequenceFlow id="yes" sourceRef="way" targetRef="end">
<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">=clue.outcome = "agree"</bpmn:conditionExpression>
</bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="no" sourceRef="way" targetRef="other" />
  </bpmn:process>
</bpmn:definitions>"""


@pytest.mark.duty("C5")
def test_camunda_8_runs_with_its_forms_and_feel_conditions() -> None:
    form = (
        '<zeebe:formDefinition formId="clue" /><zeebe:properties><zeebe:property name="variable" '
        'value="second" /></zeebe:properties>'
    )
    instance = begun(zeebe(form))
    instance.complete(instance.open_tasks()[0].token, {"clue": {"outcome": "agree"}}, NOW)
    assert instance.definition.elements["second"].variable == "second"
    instance.complete(instance.open_tasks()[0].token, {}, NOW)
    assert instance.completed and instance.records[-1].ends == ["end"]


def test_the_decision_of_a_camunda_8_business_rule_task_is_taken() -> None:
    instance = begun(
        zeebe('<zeebe:calledDecision decisionId="tier" resultVariable="found" />', "businessRuleTask")
    )
    instance.complete(instance.open_tasks()[0].token, {"clue": {"outcome": "agree"}}, NOW)
    assert instance.variables["found"] == {"level": "high"}


def test_a_job_of_camunda_8_is_a_service_of_ours_or_refused_by_name() -> None:
    known = (
        '<zeebe:taskDefinition type="notice.close" retries="3" /><zeebe:ioMapping><zeebe:input '
        'source="=1" target="nobody" /></zeebe:ioMapping>'
    )
    assert messages(zeebe(known, "serviceTask"), "second") == "服务“notice.close”没有参数“nobody”。"
    assert "服务“send-mail”不存在" in messages(
        zeebe('<zeebe:taskDefinition type="send-mail" />', "serviceTask"), "second"
    )


def test_outputs_and_listeners_of_camunda_8_are_refused() -> None:
    output = (
        '<zeebe:formDefinition formId="clue" /><zeebe:ioMapping><zeebe:output source="=x" target="y" '
        "/></zeebe:ioMapping>"
    )
    assert "zeebe:ioMapping" in messages(zeebe(output), "second")
    listener = (
        '<zeebe:formDefinition formId="clue" /><zeebe:taskListeners><zeebe:taskListener '
        'eventType="creating" type="x" /></zeebe:taskListeners>'
    )
    assert "zeebe:taskListeners" in messages(zeebe(listener), "second")


def signavio(executable: str = "true", element: str = "") -> str:
    """As Signavio exports: no prefix, long ids, its own facts at every element, lanes within lanes."""
    meta = (
        '<extensionElements><signavio:signavioMetaData metaKey="bgcolor" metaValue="#ffffff"/>'
        "</extensionElements>"
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="{MODEL}" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
    xmlns:signavio="http://www.signavio.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    exporter="Signavio Process Editor, http://www.signavio.com" exporterVersion="15.4.0"
    expressionLanguage="http://www.w3.org/1999/XPath" id="sid-0b4f2c3a-5d6e-4f70-8192-a3b4c5d6e7f8"
    targetNamespace="http://www.signavio.com" typeLanguage="http://www.w3.org/2001/XMLSchema"
    xsi:schemaLocation="{MODEL} http://www.omg.org/spec/BPMN/2.0/20100501/BPMN20.xsd">
  <dataStore id="sid-AA000000-0000-4000-8000-000000000001" isUnlimited="false" name="台账"/>
  <collaboration id="sid-AA000000-0000-4000-8000-000000000002">
<participant id="sid-AA000000-0000-4000-8000-000000000003" name="县"
    processRef="sid-AA000000-0000-4000-8000-000000000004">{meta}</participant></collaboration>
  <process id="sid-AA000000-0000-4000-8000-000000000004" isClosed="false" isExecutable="{executable}" name="县"
    processType="None">{meta}
    <laneSet id="sid-AA000000-0000-4000-8000-000000000005">
<lane id="sid-AA000000-0000-4000-8000-000000000006" name="县级">
      <childLaneSet id="sid-AA000000-0000-4000-8000-000000000007">
<lane id="sid-AA000000-0000-4000-8000-000000000008" name="监测股">
        <flowNodeRef>sid-AA000000-0000-4000-8000-000000000010</flowNodeRef></lane></childLaneSet></lane>
</laneSet>
    <dataObject id="sid-AA000000-0000-4000-8000-000000000011" isCollection="false" name="申请表"/>
    <dataObjectReference dataObjectRef="sid-AA000000-0000-4000-8000-000000000011"
    id="sid-AA000000-0000-4000-8000-000000000012" name="申请表"/>
    <dataStoreReference dataStoreRef="sid-AA000000-0000-4000-8000-000000000001"
    id="sid-AA000000-0000-4000-8000-000000000013" name="台账"/>
    <textAnnotation id="sid-AA000000-0000-4000-8000-000000000014" textFormat="text/plain"><text>说明</text>
</textAnnotation>
    <association associationDirection="None" id="sid-AA000000-0000-4000-8000-000000000015"
    sourceRef="sid-AA000000-0000-4000-8000-000000000010"
    targetRef="sid-AA000000-0000-4000-8000-000000000014"/>
    <startEvent id="sid-AA000000-0000-4000-8000-000000000009"
    isInterrupting="true">{meta}<outgoing>sid-AA000000-0000-4000-8000-000000000016</outgoing></startEvent>
    <userTask completionQuantity="1" id="sid-AA000000-0000-4000-8000-000000000010"
    implementation="##unspecified" isForCompensation="false" name="县级&#10;审核" startQuantity="1">
      <extensionElements><signavio:signavioMetaData metaKey="bgcolor" metaValue="#ffffcc"/>
<spiffworkflow:properties xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core">
<spiffworkflow:property name="formKey" value="clue"/></spiffworkflow:properties></extensionElements>
      <ioSpecification id="sid-AA000000-0000-4000-8000-000000000018">
<dataInput id="sid-AA000000-0000-4000-8000-000000000019" isCollection="false"/>
<inputSet id="sid-AA000000-0000-4000-8000-000000000020">
<dataInputRefs>sid-AA000000-0000-4000-8000-000000000019</dataInputRefs></inputSet>
<outputSet id="sid-AA000000-0000-4000-8000-000000000021"/></ioSpecification>
      <dataInputAssociation id="sid-AA000000-0000-4000-8000-000000000022">
<sourceRef>sid-AA000000-0000-4000-8000-000000000012</sourceRef>
<targetRef>sid-AA000000-0000-4000-8000-000000000019</targetRef></dataInputAssociation>
    </userTask>
    <endEvent id="sid-AA000000-0000-4000-8000-000000000017">{meta}</endEvent>{element}
    <sequenceFlow id="sid-AA000000-0000-4000-8000-000000000016"
    sourceRef="sid-AA000000-0000-4000-8000-000000000009"
    targetRef="sid-AA000000-0000-4000-8000-000000000010"/>
    <sequenceFlow id="sid-AA000000-0000-4000-8000-000000000023"
    sourceRef="sid-AA000000-0000-4000-8000-000000000010"
    targetRef="sid-AA000000-0000-4000-8000-000000000017"/>
  </process>
</definitions>"""


@pytest.mark.duty("C5")
def test_signavio_runs_with_data_stores_notes_and_lanes_within_lanes() -> None:
    instance = begun(signavio())
    element = instance.definition.elements["sid-AA000000-0000-4000-8000-000000000010"]
    assert (element.queue, element.form_key) == ("county", "clue")
    restored = Instance.restored(instance.definition, Host(), instance.stored())
    restored.complete(restored.open_tasks()[0].token, {}, NOW)
    assert restored.completed


def test_a_drawing_marked_as_not_executable_says_so() -> None:
    assert "isExecutable" in messages(signavio("false"), "sid-AA000000-0000-4000-8000-000000000004")


@pytest.mark.duty("C5")
@pytest.mark.parametrize(
    ("element", "sentence"),
    [
        ('<task id="x" name="通知"/>', "未定类型的任务"),
        ('<sendTask id="x"/>', "发送任务"),
        ('<receiveTask id="x"/>', "接收任务"),
        ('<complexGateway id="x"/>', "复杂网关"),
        ('<adHocSubProcess id="x"/>', "临时子流程"),
        ('<transaction id="x"/>', "事务子流程"),
        ('<intermediateThrowEvent id="x"/>', "中间抛出事件"),
        ('<callChoreography id="x"/>', "调用编排"),
        ('<endEvent id="x"><errorEventDefinition id="y"/></endEvent>', "错误（errorEventDefinition）"),
        ('<endEvent id="x"><messageEventDefinition id="y"/></endEvent>', "消息（messageEventDefinition）"),
        (
            '<intermediateCatchEvent id="x"><conditionalEventDefinition id="y"/></intermediateCatchEvent>',
            "条件（conditionalEventDefinition）",
        ),
        (
            '<startEvent id="x"><eventDefinitionRef>outside</eventDefinitionRef></startEvent>',
            "eventDefinitionRef",
        ),
        ('<userTask id="x" isForCompensation="true"/>', "补偿"),
        ('<userTask id="x" startQuantity="2"/>', "startQuantity=2"),
        ('<eventBasedGateway id="x" instantiate="true"/>', "instantiate"),
        ('<eventBasedGateway id="x" eventGatewayType="Parallel"/>', "eventGatewayType"),
        ('<serviceTask id="x"><multiInstanceLoopCharacteristics/></serviceTask>', "只有人工任务"),
    ],
)
def test_what_the_engine_does_not_run_is_refused_by_name(element: str, sentence: str) -> None:
    definition, _ = checked(signavio(element=element))
    assert definition is None and sentence in messages(signavio(element=element), "x")


def bizagi(second: str = "") -> str:
    """As Bizagi Modeler exports: an empty main process first, a pool for each process,
    its own properties everywhere.
    """
    own = (
        '<extensionElements><bizagi:BizagiExtensions xmlns:bizagi="http://www.bizagi.com/bpmn20">'
        "<bizagi:BizagiProperties>"
        '<bizagi:BizagiProperty name="bgColor" value="White" /></bizagi:BizagiProperties>'
        "</bizagi:BizagiExtensions></extensionElements>"
    )
    key = (
        '<extensionElements><camunda:properties xmlns:camunda="http://camunda.org/schema/1.0/bpmn">'
        '<camunda:property name="formKey" value="clue" /></camunda:properties></extensionElements>'
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<definitions xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema" id="_2024"
    targetNamespace="http://www.bizagi.com/definitions/_2024" xmlns="{MODEL}">
  <process id="Id_main" name="主流程"><documentation />{own}</process>
  <process id="Id_village" name="村" isExecutable="true"><documentation />{own}
    <laneSet id="Id_lanes"><lane id="Id_lane" name="村级">
<documentation />{own}<flowNodeRef>Id_step</flowNodeRef></lane></laneSet>
    <startEvent id="Id_start" name=""><documentation />{own}</startEvent>
    <userTask id="Id_step" name="上门"><documentation />{key}</userTask>
    <endEvent id="Id_end" name=""><documentation />{own}</endEvent>
    <sequenceFlow id="Id_f1" sourceRef="Id_start" targetRef="Id_step" />
<sequenceFlow id="Id_f2" sourceRef="Id_step" targetRef="Id_end" />
  </process>{second}
  <collaboration id="Id_diagram" name="图 1"><documentation />
    <participant id="Id_pool0" name="主流程" processRef="Id_main"><extensionElements>
<bizagi:BizagiExtensions xmlns:bizagi="http://www.bizagi.com/bpmn20" /></extensionElements></participant>
    <participant id="Id_pool1" name="村" processRef="Id_village" /><participant id="Id_pool2" name="农户" />
<participant id="Id_pool3" name="县" processRef="Id_county" />
    <messageFlow id="Id_line" sourceRef="Id_pool2" targetRef="Id_pool1" />
  </collaboration>
</definitions>"""


COUNTY = (
    '<process id="Id_county" name="县" {}><startEvent id="c1"/><task id="c2" name="研判"/><endEvent id="c3"/>'
    '<sequenceFlow id="c4" sourceRef="c1" targetRef="c2"/><sequenceFlow id="c5" sourceRef="c2" '
    'targetRef="c3"/></process>'
)


@pytest.mark.duty("C5")
def test_bizagi_runs_the_process_that_has_content_beside_collapsed_pools() -> None:
    instance = begun(bizagi())
    assert instance.definition.key == "Id_village"
    assert [task.element_id for task in instance.open_tasks()] == ["Id_step"]


@pytest.mark.duty("C5")
def test_the_pool_of_a_partner_is_a_picture_and_said_to_be() -> None:
    instance = begun(bizagi(COUNTY.format('isExecutable="false"')), warnings=1)
    assert "c2" not in instance.definition.elements
    assert "只作示意" in messages(bizagi(COUNTY.format("")), "Id_county")


@pytest.mark.duty("C5")
def test_a_second_process_to_run_is_refused() -> None:
    body = bizagi(COUNTY.format('isExecutable="true"'))
    assert checked(body)[0] is None and "一个文件只办理一个流程" in messages(body, "Id_county")


def test_a_message_drawn_to_a_step_that_does_not_wait_is_named() -> None:
    body = bizagi().replace('targetRef="Id_pool1"', 'targetRef="Id_step"')
    begun(body, warnings=1)
    assert "消息流" in messages(body, "Id_line")


def test_choreographies_are_refused_by_name() -> None:
    body = bizagi().replace("</definitions>", '<choreography id="dance"/></definitions>')
    assert "编排图" in messages(body, "dance")


@pytest.mark.parametrize("prefix", ["semantic", "model", "bpmn2"])
def test_any_prefix_and_prefixed_references_are_understood(prefix: str) -> None:
    """As Eclipse, Enterprise Architect and others write: references are qualified names by the standard."""
    p = prefix
    body = f"""<{p}:definitions xmlns:{p}="{MODEL}" xmlns:tns="urn:here"
    xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="D" targetNamespace="urn:here">
  <{p}:message id="M" name="household_eliminated"/><{p}:process id="P" isExecutable="true">
<{p}:startEvent id="s"/>
  <{p}:intermediateCatchEvent id="wait"><{p}:messageEventDefinition id="md" messageRef="tns:M"/>
</{p}:intermediateCatchEvent>
  <{p}:callActivity id="call" calledElement="tns:Q"/><{p}:endEvent id="e"/>
  <{p}:sequenceFlow id="f1" sourceRef="s" targetRef="wait"/>
<{p}:sequenceFlow id="f2" sourceRef="wait" targetRef="call"/>
<{p}:sequenceFlow id="f3" sourceRef="call" targetRef="e"/></{p}:process>
  <{p}:process id="Q" isExecutable="true"><{p}:startEvent id="qs"/><{p}:endEvent id="qe"/>
<{p}:sequenceFlow id="q1" sourceRef="qs" targetRef="qe"/></{p}:process></{p}:definitions>"""
    instance = begun(body)
    assert instance.send("household_eliminated", {}, NOW) and instance.completed


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "gbk", "gb18030", "utf-8-sig"])
def test_files_in_other_encodings_are_read_and_kept_as_utf_8(encoding: str) -> None:
    declared = {"utf-16-le": "utf-16", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    text = camunda7(STEP).replace('encoding="UTF-8"', f'encoding="{declared}"')
    body = (b"\xff\xfe" if encoding == "utf-16-le" else b"") + text.encode(encoding)
    definition = begun(body).definition
    assert definition.name == "核实" and "核实" in definition.body.decode("utf-8")
    assert definition.body.startswith(b"<?xml") and in_utf8(definition.body) == definition.body
    assert checked(encoded(text))[0] is not None, (
        "the same file as text, as the interface and the editor send it"
    )


def test_a_condition_in_cdata_is_a_condition() -> None:
    body = zeebe('<zeebe:formDefinition formId="clue" />').replace(
        '=clue.outcome = "agree"', '<![CDATA[ clue.outcome = "agree" ]]>'
    )
    begun(body, warnings=1)  # both steps write “clue”
