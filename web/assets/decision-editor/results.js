// What a decision table found, in words.

export function said(value) {
  if (value === null || value === undefined) return "空";
  if (typeof value === "boolean") return value ? "是" : "否";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export const hit = (numbers) => (numbers.length ? `命中第 ${numbers.join("、")} 条规则` : "没有规则命中");

// The results, each as pairs of a name and a value in words; a table that collects has several.
export function results(found) {
  const all = (Array.isArray(found) ? found : [found]).filter((one) => one !== null && one !== undefined);
  return all.map((one) => (typeof one === "object" ? Object.entries(one) : [["结论", one]]))
    .map((pairs) => pairs.map(([name, value]) => [name, said(value)]));
}
