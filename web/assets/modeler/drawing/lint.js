// What makes a drawing hard to read, told at once in the browser; whether it runs is for the server's check.
import { Linter } from "bpmnlint";
import gatewayJoinFork from "bpmnlint/rules/no-gateway-join-fork";
import labelRequired from "bpmnlint/rules/label-required";
import noBpmndi from "bpmnlint/rules/no-bpmndi";
import noDuplicateFlows from "bpmnlint/rules/no-duplicate-sequence-flows";
import noOverlap from "bpmnlint/rules/no-overlapping-elements";
import superfluousGateway from "bpmnlint/rules/superfluous-gateway";

const RULES = {
  "label-required": [labelRequired, "没有名称，看图的人不知道是什么。"],
  "no-bpmndi": [noBpmndi, "图上没有画出来，只在文件里。"],
  "no-duplicate-sequence-flows": [noDuplicateFlows, "同样的两点之间有重复的连线。"],
  "no-gateway-join-fork": [gatewayJoinFork, "一个网关又合又分，容易看错；建议分成两个。"],
  "no-overlapping-elements": [noOverlap, "和别的元素叠在一起，或伸到了外面。"],
  "superfluous-gateway": [superfluousGateway, "这个网关只有一进一出，是多余的。"],
};

const config = { rules: Object.fromEntries(Object.keys(RULES).map((name) => [name, "warn"])) };
const resolver = { resolveRule: (_, name) => RULES[name][0], resolveConfig: () => ({}) };

export async function lint(definitions) {
  // A rule remembers what it saw: a new one each time
  const found = await new Linter({ config, resolver }).lint(definitions);
  const seen = new Set();
  return Object
    .entries(found)
    .flatMap(([rule, reports]) => reports.map(
      (report) => ({
        element_id: report.id,
        name: report.name ?? "",
        sentence: RULES[rule]?.[1] ?? report.message,
        severity: "warning",
      }),
    ))
    .filter((one) => !seen.has(one.element_id + one.sentence) && seen.add(one.element_id + one.sentence));
}
