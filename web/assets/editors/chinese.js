// What the editors say to people is Chinese; what their tools say of themselves is not.

const HAN = /[\u4e00-\u9fff]/;

// The error's own sentence where a person can read it.
export const inChinese = (error, otherwise) => (HAN.test(error.message) ? error.message : otherwise);

const isEnglish = (text) => /^[A-Z<][A-Za-z0-9 ,.'’/<>()-]{2,}$/.test(text) && !/^(FEEL|JSON|ID)$/.test(text);

// The translate function that bpmn.io's tools ask, over `words`; `missing` gathers what has none.
export function translator(words, missing) {
  return (template, replacements = {}) => {
    const known = words[template];
    if (known === undefined && /[a-z]{2}/i.test(template)) missing.add(template);
    return (known ?? template).replace(/{\s*([^}\s]+)\s*}/g, (whole, key) => replacements[key] ?? whole);
  };
}

// For tools that ask nobody: what a text that they drew is in Chinese. `patterns` are of sentences with a
// part in them: each a regular expression with what it becomes.
export function speaker(words, missing, patterns = []) {
  return (text) => {
    const bare = text.trim();
    if (words[bare] !== undefined) return text.replace(bare, words[bare]);
    const found = patterns.find(([pattern]) => pattern.test(bare));
    if (found) return bare.replace(...found);
    if (isEnglish(bare)) missing.add(bare);
    return text;
  };
}
