// The drawing tool's own words in Chinese: the community's translation, over it what it lacks or says
// otherwise than we do.
import community from "bpmn-js-i18n/translations/zn.js";

const OURS = {
  "Activate create/remove space tool": "腾出或收拢空间",
  "Activate global connect tool": "连线",
  "Activate hand tool": "移动画布",
  "Activate lasso tool": "框选",
  "Add lane above": "在上方加泳道",
  "Add lane below": "在下方加泳道",
  "Add text annotation": "加注释",
  "Append end event": "接结束",
  "Append gateway": "接网关",
  "Append message intermediate catch event": "接等待消息",
  "Append timer intermediate catch event": "接等待时间",
  "Append user task": "接人工任务",
  "Append service task": "接系统功能",
  "Business rule task": "决策表",
  "Call activity": "公用环节",
  "Change element": "更改类型",
  "Change type": "更改类型",
  "Close minimap": "收起小地图",
  "Connect to other element": "连到别的元素",
  "Connect using association": "连到别的元素",
  "Delete": "删除",
  "Divide into three lanes": "分成三条泳道",
  "Divide into two lanes": "分成两条泳道",
  "Element": "元素",
  "End event": "结束",
  "Event-based gateway": "事件网关（先到者为准）",
  "Exclusive gateway": "排他网关（选一条）",
  "Inclusive gateway": "包容网关（选几条）",
  "Loop": "循环办理",
  "Manual task": "线下任务",
  "Message boundary event": "收到消息（中断这一步）",
  "Message boundary event (non-interrupting)": "收到消息（不中断这一步）",
  "Message intermediate catch event": "等待消息",
  "Message start event": "由消息开始",
  "No matching entries found": "没有找到",
  "No results found": "没有找到",
  "Open minimap": "展开小地图",
  "Parallel gateway": "并行网关（同时走）",
  "Parallel multi-instance": "同时逐个办理",
  "Search": "查找",
  "Search diagram": "在图上查找",
  "Search in diagram": "在图上查找",
  "Sequence flow": "连线",
  "Default flow": "默认出口",
  "Sequential multi-instance": "依次逐个办理",
  "Service task": "系统功能",
  "Start event": "开始",
  "Sub-process": "子流程",
  "Sub-process (collapsed)": "子流程（收起）",
  "Sub-process (expanded)": "子流程（展开）",
  "Terminate end event": "结束（全部停止）",
  "Timer boundary event": "到期（中断这一步）",
  "Timer boundary event (non-interrupting)": "到期（不中断这一步）",
  "Timer intermediate catch event": "等待时间",
  "Toggle minimap": "小地图",
  "Toggle non-interrupting": "中断或不中断",
  "User task": "人工任务",
  "Empty pool/participant": "空流程",
  "Empty pool/participant (removes content)": "空流程（去掉内容）",
  "Expanded pool/participant": "展开的流程",
};

const WORDS = { ...community, ...OURS };

// A module for the tool, and the texts that were asked for and have no Chinese words: tests look at them.
export function chinese() {
  const missing = new Set();
  const translate = (template, replacements = {}) => {
    const known = WORDS[template];
    if (known === undefined && /[a-z]/i.test(template)) missing.add(template);
    return (known ?? template).replace(/{([^}]+)}/g, (whole, key) => replacements[key] ?? whole);
  };
  return { module: { translate: ["value", translate] }, missing };
}
