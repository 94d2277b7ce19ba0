/**
 * The URL that opens a place in the author's editor. `template` holds {file}, {line} and {column}; `file` is absolute.
 */
export function editorLink(template: string, file: string, line: number, column = 1): string {
  const name = encodeURI(file.replaceAll("\\", "/")).replace(/[?#&+]/g, encodeURIComponent);
  // "/{file}" means the same for "/home/a.lua" and "C:/a.lua".
  return template
    .replace(/(\/?)\{file\}/g, (_, slash: string) => (name.startsWith("/") ? name : slash + name))
    .replaceAll("{line}", String(line))
    .replaceAll("{column}", String(column));
}
