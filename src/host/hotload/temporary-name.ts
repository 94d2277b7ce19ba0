// Vim's trial file and backup, Emacs' autosave, JetBrains' and others' safe write, sed -i, downloads.
const TEMPORARY =
  /^\.|~$|^#.*#$|^4913$|___jb_(tmp|old)___$|\.(te?mp|sw[opx]|bak|orig|part|crdownload)(\.\d+)?$|^sed\w{6}$/i;

/**
 * Whether a file of this name is something that editors keep beside the real one for a moment. Dotfiles are. `A.part.html` is
 * not: it may well be the viewdef of a namespace.
 */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}
