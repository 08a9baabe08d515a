// Says an editor's own words in Chinese: its texts, titles and placeholders, never what people wrote. Records
// what it lacks.
const ATTRIBUTES = ["title", "placeholder", "aria-label", "data-placeholder"];
const WRITTEN = "[contenteditable], textarea, .cm-editor, [data-written]";

// The translate function that bpmn.io's tools ask, over `words`.
export function translator(words, missing) {
  return (template, replacements = {}) => {
    const known = words[template];
    if (known === undefined && /[a-z]{2}/i.test(template)) missing.add(template);
    return (known ?? template).replace(/{\s*([^}\s]+)\s*}/g, (whole, key) => replacements[key] ?? whole);
  };
}

// For tools that ask nobody: watches what they draw within `root`, and replaces the words that are known
// exactly. `patterns` are of sentences with a part in them: each a regular expression with what it becomes.
export function localise(root, words, missing, patterns = []) {
  const said = (text) => {
    const bare = text.trim();
    if (words[bare] !== undefined) return text.replace(bare, words[bare]);
    for (const [pattern, put] of patterns) if (pattern.test(bare)) return bare.replace(pattern, put);
    if (/^[A-Z<][A-Za-z0-9 ,.'’/<>()-]{2,}$/.test(bare) && !/^(FEEL|JSON|ID)$/.test(bare)) missing.add(bare);
    return text;
  };
  const visit = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      if (!node.parentElement || node.parentElement.closest(WRITTEN)) return;
      const text = said(node.data);
      if (text !== node.data) node.data = text;
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      for (const name of ATTRIBUTES) {
        const text = node.getAttribute(name);
        if (text && said(text) !== text) node.setAttribute(name, said(text));
      }
      for (const child of node.childNodes) visit(child);
    }
  };
  visit(root);
  new MutationObserver((records) => {
    for (const record of records) {
      if (record.type === "childList") record.addedNodes.forEach(visit);
      else visit(record.target);
    }
  }).observe(root, { subtree: true, childList: true, characterData: true, attributeFilter: ATTRIBUTES });
}
