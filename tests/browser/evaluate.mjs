// Evaluates with the page's own script what comes on stdin: forms as {plan, typed}, expressions as {tree,
// names}, blanks as {node, value}; answers one JSON list. Bundled as the pages are.
import { build } from "esbuild";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const assets = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "web", "assets");
const entry = `
export { evaluate } from "./feel/feel.js";
export { Level } from "./form/evaluation.js";
export { read } from "./form/values.js";
`;
const bundle = await build({
  stdin: { contents: entry, resolveDir: assets }, bundle: true, format: "esm", write: false, target: "es2020",
});
const code = Buffer.from(bundle.outputFiles[0].contents).toString("base64");
const page = await import(`data:text/javascript;base64,${code}`);

const leaf = (node) => node.key && !node.rows;

function told(level, path, answer) {
  for (const node of level.plan) {
    if (node.key && level.hidden(node)) answer.hidden.push(path + node.key);
    if (leaf(node) && node.kind === "expression") answer.computed[path + node.key] = level.compute(node);
    (level.rows.get(node) ?? []).forEach((row, index) => told(row, `${path}${node.key}.${index}.`, answer));
  }
  return answer;
}

function answer(asked) {
  if ("plan" in asked)
    return told(new page.Level(asked.plan, asked.typed).settle(), "", { hidden: [], computed: {} });
  return "tree" in asked ? page.evaluate(asked.tree, asked.names) : page.read(asked.node, asked.value);
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(answer)));
