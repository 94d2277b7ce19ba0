// Writes docs/errors.md from the catalogue: node scripts/build.mjs && node scripts/error-page.mjs
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const { errors } = await import("../dist/src/protocol/error-code.js");
const rows = Object.entries(errors).map(
  ([code, { who, text, advice }]) => `| \`${code}\` | ${who} | ${text} | ${advice} |`,
);
fs.writeFileSync(
  path.join(root, "docs/errors.md"),
  `# Errors

Every error has a code of this list (\`src/protocol/error-code.ts\`, from which this page is written). *Who* has to act:
\`app\`, the author of the site; \`client\`, who sent the frame or request; \`operator\`, who runs the host; \`internal\`,
Moonpool's developers.

Where they show: on the binding's element (\`ui-error\`) and, in development mode, in the page with file, line and stack; in the
host's log always. Over HTTP as a page or as \`{"code", "message", "advice"}\`.

| code | who | what happened | what to do |
| --- | --- | --- | --- |
${rows.join("\n")}
`,
);
