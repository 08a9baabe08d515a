// Bundles what the pages load into web/static/dist, with the content's hash in each name and a compressed twin beside
// each, and writes the manifest.
import { build } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, "..", "static", "dist");
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: [
    "app.js",
    "app.css",
    "compare.css",
    "compare.js",
    "decision.css",
    "decision.js",
    "diagram.js",
    "diagram.css",
    "form-editor.css",
    "form-editor.js",
    "handbook.js",
    "heat.js",
    "live.js",
    "modeler.css",
    "modeler.js",
    "procedures.css",
    "statistics.css",
    "supervision.css",
    "trial.css",
    "wall.css",
    "wall.js",
  ],
  outdir: out,
  alias: { preact: path.join(here, "..", "..", "node_modules", "preact") }, // one for all: hooks of two copies do not meet
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  legalComments: "linked",
  loader: { ".woff2": "file", ".woff": "file", ".ttf": "file", ".eot": "file", ".svg": "dataurl" },
  metafile: true,
  logLevel: "warning",
});
const manifest = {};
for (const [file, facts] of Object.entries(result.metafile.outputs)) {
  if (!facts.entryPoint) continue;
  manifest[path.basename(facts.entryPoint)] = path.basename(file);
  const built = path.join(here, file);
  await writeFile(`${built}.gz`, gzipSync(await readFile(built), { level: 9 }));
}
await writeFile(path.join(out, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
