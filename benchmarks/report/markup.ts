/** The HTML of the little Markdown that the reports use: tables, code blocks, `code`, paragraphs. */
export function htmlOf(markdown: string): string {
  const blocks = markdown.split(/\n\n+/);
  return blocks
    .map((block) =>
      block.startsWith("|") ? tableOf(block) : block.startsWith("```") ? codeOf(block) : `<p>${inline(block)}</p>`,
    )
    .join("\n");
}

function codeOf(block: string): string {
  return `<pre>${inline(block.replace(/^```\n|\n```$/g, ""))}</pre>`;
}

function tableOf(block: string): string {
  const [head = "", dividers = "", ...rows] = block.split("\n");
  const kinds = cellsOf(dividers).map((divider) => (divider.endsWith(":") ? ' class="n"' : ""));
  const row = (line: string, tag: string): string => {
    return `<tr>${cellsOf(line)
      .map((cell, at) => `<${tag}${kinds[at] ?? ""}>${inline(cell)}`)
      .join("")}`;
  };
  return `<div><table>${row(head, "th")}${rows.map((line) => row(line, "td")).join("")}</table></div>`;
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf("|"))
    .split("|")
    .map((cell) => cell.trim());
}

function inline(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replace(/`([^`]+)`/g, "<code>$1</code>");
}
