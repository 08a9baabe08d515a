// Bundles what the pages load into web/static/dist, with the content's hash in each name and a compressed
// twin beside each, and writes the manifest: by the names of the files here, which are unlike each other.
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
    "decision-editor/decision.css",
    "decision-editor/decision.js",
    "diagram/compare.css",
    "diagram/compare.js",
    "diagram/diagram.css",
    "diagram/diagram.js",
    "diagram/handbook.js",
    "doorstep/page/doorstep.css",
    "doorstep/page/doorstep.js",
    "doorstep/sent/worker.js",
    "form-editor/form-editor.css",
    "form-editor/form-editor.js",
    "modeler/modeler.css",
    "modeler/modeler.js",
    "oversight/statistics/heat.js",
    "oversight/statistics/statistics.css",
    "oversight/supervision/supervision.css",
    "oversight/wall/wall.css",
    "oversight/wall/wall.js",
    "page/app.css",
    "page/app.js",
    "page/live.js",
    "procedures/procedures.css",
    "procedures/trial.css",
  ],
  outdir: out,
  // One for all: hooks of two copies do not meet.
  alias: { preact: path.join(here, "..", "..", "node_modules", "preact") },
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  legalComments: "linked",
  loader: {
    ".woff2": "file",
    ".woff": "file",
    ".ttf": "file",
    ".eot": "file",
    ".svg": "dataurl",
  },
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
