// On signing out nothing of the account stays on the phone. What is not sent yet would be lost: that is
// asked.
import { send } from "../../page/older.js";
import { held } from "./outbox.js";
import { unsent, wipe } from "./vault.js";

// What is asked before it is lost, of how many `held` found; "" when nothing would be.
export function question({ unsent: entries, papers, typing }) {
  const lost = [
    entries && `${entries} 户入户排查没有上报`,
    papers && `${papers} 件签名和照片没有上传`,
    typing && `${typing} 户填了一半`,
  ];
  const said = lost.filter(Boolean).join("，");
  return said && asking(said, entries ? "上报，或者导出救援文件（照片不在文件里）" : "，填完、传完再退出");
}

const asking = (lost, instead) => [
  `本机还有 ${lost}，退出后会从本机删除，不能恢复。`,
  `请先取消，打开“入户排查”${instead}。`,
  "确定不要这些了，直接退出吗？",
].join("\n");

export function leaving(form, account) {
  if (!globalThis.indexedDB) return;
  let asked = false;
  form.addEventListener("submit", (event) => {
    if (asked || event.defaultPrevented) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // nothing else goes before that is settled
    cleared(account).then((may) => {
      asked = may;
      if (may) send(form);
    });
  });
}

// Whether the account may go: nothing unsent was here, or it is not wanted.
async function cleared(account) {
  try {
    const found = await unsent(account, held);
    const words = found ? question(found) : "";
    if (words && !window.confirm(words)) return false;
    await wipe(account);
  } catch {
    // a browser without a store has nothing in it
  }
  return true;
}
