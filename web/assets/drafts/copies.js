// What becomes of a copy that this browser kept of a form, and in which words that is told.
const CHINA = { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit" };
const UNKEPT = ["csrf_token", "key", "list", "revision"];

// At a page's opening: "drop" it, since the answer shows what was sent; "ask", since somebody saved since it
// was typed; or "restore" it: it is newer than the page. `revision` is that of the page; null where the
// server keeps no draft.
export function fate(copy, { cameBack, revision }) {
  if (cameBack) return "drop";
  return revision === null || copy.revision === revision ? "restore" : "ask";
}

// What of a form is kept: what people typed, without files and without what is the page's own.
export function keepable(pairs) {
  return pairs.filter(([name, value]) => typeof value === "string" && !UNKEPT.includes(name));
}

export const time = (at) => new Date(at).toLocaleTimeString("zh-CN", CHINA);
const moment = (at) => new Date(at).toLocaleString("zh-CN", {
  ...CHINA,
  month: "long",
  day: "numeric",
});

export const restored = (copy) => `已恢复您 ${moment(copy.at)} 填写、没有提交的内容。`;

// Two copies, typed one beside the other; `saved`: when and where the other one was.
export function choices(copy, saved) {
  const [here, there] = [copy ? moment(copy.at) : "刚才", saved || "别处"];
  return {
    question: `这一步有两份填写的内容：本机 ${here} 填的，和${there}存的。用哪一份？`,
    mine: "用本机这一份",
    theirs: `用${there}存的那一份`,
  };
}
