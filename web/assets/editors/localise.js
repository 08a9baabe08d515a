// Says an editor's own words in Chinese: its texts, titles and placeholders, never what people wrote.
import { speaker } from "./chinese.js";

const ATTRIBUTES = ["title", "placeholder", "aria-label", "data-placeholder"];
const WRITTEN = "[contenteditable], textarea, .cm-editor, [data-written]";

// Watches what a tool draws within `root`, and replaces the words that are known exactly; `missing` gathers
// those that are not.
export function localise(root, words, missing, patterns = []) {
  const say = speaker(words, missing, patterns);
  const visit = (node) => {
    if (node.nodeType === Node.TEXT_NODE) speakText(node, say);
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    speakAttributes(node, say);
    for (const child of node.childNodes) visit(child);
  };
  visit(root);
  new MutationObserver((records) => {
    for (const record of records) {
      if (record.type === "childList") record.addedNodes.forEach(visit);
      else visit(record.target);
    }
  }).observe(root, { subtree: true, childList: true, characterData: true, attributeFilter: ATTRIBUTES });
}

function speakText(node, say) {
  if (!node.parentElement || node.parentElement.closest(WRITTEN)) return;
  const text = say(node.data);
  if (text !== node.data) node.data = text;
}

function speakAttributes(node, say) {
  for (const name of ATTRIBUTES) {
    const text = node.getAttribute(name);
    const said = text && say(text);
    if (said && said !== text) node.setAttribute(name, said);
  }
}
