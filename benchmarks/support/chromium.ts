import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium, type Browser } from "playwright-core";

// Plain JavaScript, because `npm test` uses it before anything is compiled.
const finder = new URL("../../../scripts/browser.mjs", import.meta.url).href;

/** Starts the Chromium that tests use. */
export async function openBrowser(): Promise<Browser> {
  const { findBrowser } = (await import(finder)) as { findBrowser: () => Promise<string> };
  return chromium.launch({ executablePath: await findBrowser(), args: ["--no-sandbox", "--disable-gpu"] });
}

/** A compiled file and all that it imports, as one script for a page. */
export async function bundled(file: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(file)],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}
