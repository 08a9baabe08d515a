// A limit in words and as the text that the diagram keeps: “5 天，自公示之日起” is `days after(notice.posted_on, 5)`.
const COUNTED = /^=?\s*(workdays|days) after\(\s*(.+?)\s*,\s*(\d{1,4})\s*\)$/;
const CYCLE = /^"?R(\d{0,3})\/P(\d{1,4})D"?$/;
const LASTING = /^"?P(?:(\d{1,4})D|T(\d{1,4})H|T(\d{1,4})M)"?$/;

export function readLimit(text) {
  const counted = COUNTED.exec(text.trim());
  if (counted)
    return { kind: counted[1] === "days" ? "days" : "workdays", from: counted[2], count: counted[3] };
  const lasting = LASTING.exec(text.trim());
  if (lasting)
    return lasting[1]
      ? { kind: "lasting", count: lasting[1], from: "" }
      : { kind: lasting[2] ? "hours" : "minutes", count: lasting[2] ?? lasting[3], from: "" };
  const cycle = CYCLE.exec(text.trim());
  if (cycle) return { kind: "cycle", count: cycle[2], rounds: cycle[1], from: "" };
  if (/^\d{4}-\d\d-\d\d$/.test(text.trim())) return { kind: "date", date: text.trim(), from: "", count: "" };
  return text.trim() ? { kind: "other", text, from: "", count: "" } : { kind: "", from: "", count: "" };
}

export function writeLimit({ kind, from, count, rounds, date, text }) {
  const number = String(Number.parseInt(count, 10) || 0);
  if (kind === "days" || kind === "workdays")
    return {
      name: "timeDate",
      text: from && number !== "0" ? `${kind === "days" ? "days" : "workdays"} after(${from}, ${number})` : ""
    };
  if (kind === "lasting") return { name: "timeDuration", text: number === "0" ? "" : `P${number}D` };
  if (kind === "hours" || kind === "minutes")
    return { name: "timeDuration", text: number === "0" ? "" : `PT${number}${kind === "hours" ? "H" : "M"}` };
  if (kind === "cycle")
    return {
      name: "timeCycle",
      text: number === "0" ? "" : `R${Number.parseInt(rounds, 10) || ""}/P${number}D`
    };
  if (kind === "date") return { name: "timeDate", text: date ?? "" };
  if (/^\s*=?\s*"R\d*\/|^\s*R\d*\//.test(text ?? "")) return { name: "timeCycle", text };
  return { name: /^\s*=?\s*"?P|duration/.test(text ?? "") ? "timeDuration" : "timeDate", text: text ?? "" };
}

export const KINDS = [
  ["days", "几天（自某日起，当日不计）"],
  ["workdays", "几个工作日（自某日起）"],
  ["lasting", "几天（从到这一步的时刻起）"],
  ["hours", "几小时（从到这一步的时刻起）"],
  ["minutes", "几分钟（从到这一步的时刻起）"],
  ["cycle", "每几天一次（不中断的边界事件才可用）"],
  ["date", "到某一天"],
  ["other", "用表达式写"],
];

export const COUNTS = { lasting: "天数", hours: "小时", minutes: "分钟", cycle: "每几天" };

export function inWords(limit, nameOf) {
  if (limit.kind === "days") return `${limit.count} 天，自“${nameOf(limit.from)}”之日起，当日不计`;
  if (limit.kind === "workdays") return `${limit.count} 个工作日，自“${nameOf(limit.from)}”之日起，当日不计`;
  if (limit.kind === "lasting") return `到这一步后整 ${limit.count} 天`;
  if (limit.kind === "hours") return `到这一步后 ${limit.count} 小时`;
  if (limit.kind === "minutes") return `到这一步后 ${limit.count} 分钟`;
  if (limit.kind === "cycle")
    return `到这一步后每 ${limit.count} 天一次，${limit.rounds ? `共 ${limit.rounds} 次` : "直到这一步办结（至多 100 次）"}`;
  return limit.kind === "date" ? `到 ${limit.date} 零时` : "";
}
