import type { Result } from "./results.ts";
import { amount, middleHalf, originOf, verdict } from "./text.ts";

/** The text of RESULTS.md. */
export function markdownOf(results: readonly Result[]): string {
  return `${[HEAD, judgedOf(results), ...results.map(sectionOf)].join("\n\n")}\n`;
}

const HEAD = `# Results

Made by \`npm run bench\` from \`benchmarks/results/*.json\`, which have more digits. Times are at a client in another process on the
same machine, so ratios say more than numbers. The middle half is from the first to the third quartile of the rounds (or of the events where
they are not in rounds); the target is for the median.`;

/** All that has a target. */
function judgedOf(results: readonly Result[]): string {
  const lines = results.flatMap(({ benchmark, findings }) =>
    findings
      .filter(({ target }) => target !== undefined)
      .map((finding) => `| ${benchmark} | ${finding.what} | ${amount(finding)} | ${verdict(finding)} |`),
  );
  return ["## Targets", "", "| benchmark | what | median | target |", "| --- | --- | --: | --- |", ...lines].join("\n");
}

function sectionOf(result: Result): string {
  const { benchmark, question, findings } = result;
  const rows = findings.map((finding) => {
    const { what, samples } = finding;
    return `| ${what} | ${amount(finding)} | ${middleHalf(finding)} | ${samples} | ${verdict(finding)} |`;
  });
  const head = ["| what | median | middle half | samples | target |", "| --- | --: | --: | --: | --- |"];
  return [`## ${benchmark}`, "", question, "", originOf(result), "", ...head, ...rows].join("\n");
}
