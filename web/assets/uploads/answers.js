// What came of sending a file: what it is kept as, the sentence with which it was refused, or why it did not
// arrive and is to be sent once more.
const SIGNED_OUT = "登录已过期。请在新窗口登录后，回到这里点“重传”。";

// `asked` and `url`: the address that was asked, and the one that answered.
export function outcome({ asked, url, status, text }) {
  if (url !== asked) return { lost: SIGNED_OUT };
  const answer = parsed(text);
  if (status === 200 && answer) return { file: answer };
  if (status >= 500 || !answer) return { lost: answer?.detail ?? "没有传上，请重传。" };
  return { sentence: answer.detail || "没有传上。" };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// How many of the files that were chosen a field still takes, and what is said of the others.
export function taken(count, { most, multiple, present }) {
  const room = Math.max(0, most - (multiple ? present : 0));
  const over = count - room;
  return { room, words: over > 0 ? `这里最多 ${most} 个文件，后面 ${over} 个没有传。` : "" };
}

export const progress = ({ loaded, total }) => `正在上传 ${Math.floor((100 * loaded) / (total || 1))}%`;
