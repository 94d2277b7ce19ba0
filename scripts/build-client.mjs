// Bundles src/client into dist/public: client.js and the chunks that it loads on demand. Fails above the size budget.
import { build } from "esbuild";
import fs from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

const BUDGET = 15 * 1024;

/** Writes dist/public/*.js for the repository at `root`. */
export async function buildClient(root) {
  const outdir = path.join(root, "dist/public");
  fs.rmSync(outdir, { recursive: true, force: true });
  await build({
    entryPoints: { client: path.join(root, "src/client/main.ts") },
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    minify: true,
    sourcemap: true,
    target: "es2022",
    chunkNames: "client-[name]-[hash]",
    logLevel: "error",
  });
  const size = gzipSync(fs.readFileSync(path.join(outdir, "client.js"))).length;
  if (size > BUDGET) throw new Error(`client.js is ${size} bytes gzipped; its budget is ${BUDGET}`);
}
