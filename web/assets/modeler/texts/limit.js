// A limit in words and as the text that the diagram keeps: “5 天，自公示之日起” is
// `days after(notice.posted_on, 5)`.
const COUNTED = /^=?\s*(workdays|days) after\(\s*(.+?)\s*,\s*(\d{1,4})\s*\)$/;
const CYCLE = /^"?R(\d{0,3})\/P(\d{1,4})D"?$/;
const LASTING = /^"?P(?:(\d{1,4})D|T(\d{1,4})H|T(\d{1,4})M)"?$/;
const DAY = /^\d{4}-\d\d-\d\d$/;
const WRITTEN_CYCLE = /^\s*=?\s*"R\d*\/|^\s*R\d*\//;
const WRITTEN_DURATION = /^\s*=?\s*"?P|duration/;

export const KINDS = [
  ["days", "几天（自某日起，当日不计）"],
  ["workdays", "几个工作日（自某日起）"],
  ["lasting", "几天（从到这一步的时刻起）"],
  ["hours", "几小时（从到这一步的时刻起）"],
  ["minutes", "几分钟（从到这一步的时刻起）"],
  ["cycle", "每几天一次（不中断的、步骤上的事件才可用）"],
  ["date", "到某一天"],
  ["other", "用表达式写"],
];

export const COUNTS = { lasting: "天数", hours: "小时", minutes: "分钟", cycle: "每几天" };

// What the text says: its kind, with `count`, `from`, `rounds`, `date` or `text` as the kind has them.
export function readLimit(text) {
  const bare = text.trim();
  const counted = COUNTED.exec(bare);
  if (counted) return { kind: counted[1], from: counted[2], count: counted[3] };
  const lasting = LASTING.exec(bare);
  if (lasting) return { ...readDuration(lasting), from: "" };
  const cycle = CYCLE.exec(bare);
  if (cycle) return { kind: "cycle", count: cycle[2], rounds: cycle[1], from: "" };
  if (DAY.test(bare)) return { kind: "date", date: bare, from: "", count: "" };
  return bare ? { kind: "other", text, from: "", count: "" } : { kind: "", from: "", count: "" };
}

function readDuration([, days, hours, minutes]) {
  if (days) return { kind: "lasting", count: days };
  return hours ? { kind: "hours", count: hours } : { kind: "minutes", count: minutes };
}

const timeDate = (text) => ({ name: "timeDate", text });
const timeDuration = (text) => ({ name: "timeDuration", text });
const timeCycle = (text) => ({ name: "timeCycle", text });
const counting = (limit, number) =>
  timeDate(limit.from && number ? `${limit.kind} after(${limit.from}, ${number})` : "");

const WRITERS = {
  days: counting,
  workdays: counting,
  lasting: (_, number) => timeDuration(number && `P${number}D`),
  hours: (_, number) => timeDuration(number && `PT${number}H`),
  minutes: (_, number) => timeDuration(number && `PT${number}M`),
  cycle: ({ rounds }, number) => timeCycle(number && `R${Number.parseInt(rounds, 10) || ""}/P${number}D`),
  date: ({ date }) => timeDate(date ?? ""),
};

// The property of the timer that holds the limit, and its text; "" for one that is not whole yet.
export function writeLimit(limit) {
  const number = String(Number.parseInt(limit.count, 10) || "");
  return (WRITERS[limit.kind] ?? asWritten)(limit, number);
}

function asWritten({ text = "" }) {
  if (WRITTEN_CYCLE.test(text)) return timeCycle(text);
  return WRITTEN_DURATION.test(text) ? timeDuration(text) : timeDate(text);
}

const often = ({ rounds }) => (rounds ? `共 ${rounds} 次` : "直到这一步办结（至多 100 次）");

const SENTENCES = {
  days: ({ count }, from) => `${count} 天，自“${from}”之日起，当日不计`,
  workdays: ({ count }, from) => `${count} 个工作日，自“${from}”之日起，当日不计`,
  lasting: ({ count }) => `到这一步后整 ${count} 天`,
  hours: ({ count }) => `到这一步后 ${count} 小时`,
  minutes: ({ count }) => `到这一步后 ${count} 分钟`,
  cycle: (limit) => `到这一步后每 ${limit.count} 天一次，${often(limit)}`,
  date: ({ date }) => `到 ${date} 零时`,
};

// The limit as a sentence; `nameOf` says a name of the diagram in words. "" for a limit that is written.
export function inWords(limit, nameOf) {
  return SENTENCES[limit.kind]?.(limit, nameOf(limit.from)) ?? "";
}
