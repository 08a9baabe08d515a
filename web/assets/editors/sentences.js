// What is said while a draft is kept saved, and when it is saved.
const PAUSE = 1500; // milliseconds after the last change
const AT_MOST = 5000; // so old the oldest unsaved change may become while one goes on
const NAMED = 5; // of what is lost

// How long to wait before saving, when the oldest unsaved change was made at `since`; all in milliseconds.
export const wait = (since, now) => Math.min(PAUSE, Math.max(0, since + AT_MOST - now));

// A copy that this browser kept, of a draft whose revision is now `revision`.
export function keptHere(copy, at, revision) {
  const since = copy.revision === revision ? "" : "（此后别处又保存过，恢复会换掉它）";
  return `这台电脑上有 ${at} 没有保存上的修改${since}。`;
}

export function lost(losses) {
  const more = losses.length > NAMED ? `等 ${losses.length} 处` : "";
  const named = losses.slice(0, NAMED).join("；");
  return `画图工具读不懂文件里的这些内容，保存后就没有了：${named}${more}。保存前会再问一次。`;
}

// Who else changes the draft; "" when nobody does.
export function present(others) {
  if (!others.length) return "";
  const when = ({ minutes }) => (minutes ? `${minutes}分钟前` : "刚刚");
  const people = others.map((one) => `${one.name}也在修改这份草稿（${when(one)}）`);
  return `${people.join("；")}。两人同时改，后保存的要另存或重新载入。`;
}
