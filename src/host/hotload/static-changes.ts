/** What pages must be told of static files that changed. */
export interface StaticChanges {
  /** URL paths below the instance's prefix of files that can be exchanged in a page that is open: styles, images, fonts. */
  assets: string[];
  /** The page itself or a script changed: it has to be loaded anew. */
  needsPage: boolean;
}

/** `files`: paths relative to the site's `html` folder, with forward slashes. */
export function staticChanges(files: readonly string[]): StaticChanges {
  const assets = files.filter((file) => !isPart(file));
  return {
    assets: assets.map((file) => `/${file.split("/").map(encodeURIComponent).join("/")}`),
    needsPage: assets.length < files.length,
  };
}

/** What has run, or was read, when the page was loaded cannot be exchanged in it. */
function isPart(file: string): boolean {
  return /\.(html?|[cm]?js)$/i.test(file);
}
