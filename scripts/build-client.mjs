// Bundles src/client into dist/public: client.js and the chunks that it loads on demand. Fails above the size budget.
import { build } from "esbuild";
import fs from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

/** Bytes of client.js and of everything that it imports statically, gzipped. */
const BUDGET = 18 * 1024;

/** Writes dist/public/*.js for the repository at `root`; returns the gzipped size of what every page loads. */
export async function buildClient(root) {
  const outdir = path.join(root, "dist/public");
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { client: "src/client/main.ts" },
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    minify: true,
    sourcemap: true,
    target: "es2022",
    chunkNames: "client-[name]-[hash]",
    logLevel: "error",
    metafile: true,
    write: false,
  });
  // Files are put in place before old ones go, so that a page that is being loaded meanwhile finds all its parts.
  fs.mkdirSync(outdir, { recursive: true });
  for (const { path: file, contents } of outputFiles) fs.writeFileSync(file, contents);
  const names = new Set(outputFiles.map((file) => path.basename(file.path)));
  for (const name of fs.readdirSync(outdir)) if (!names.has(name)) fs.rmSync(path.join(outdir, name));

  const contents = new Map(outputFiles.map((file) => [path.basename(file.path), file.contents]));
  let size = 0;
  for (const name of staticClosure(metafile, "client.js")) size += gzipSync(contents.get(name)).length;
  if (size > BUDGET)
    throw new Error(`client.js and what it imports are ${size} bytes gzipped; their budget is ${BUDGET}`);
  return size;
}

/** File names of `entry` and of all chunks that its import statements lead to. */
function staticClosure(metafile, entry) {
  const outputs = new Map(Object.entries(metafile.outputs).map(([file, output]) => [path.basename(file), output]));
  const found = new Set([entry]);
  for (const name of found)
    for (const { path: file, kind } of outputs.get(name)?.imports ?? [])
      if (kind === "import-statement") found.add(path.basename(file));
  return found;
}
