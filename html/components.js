// Shoelace, from the mount /shoelace in moonpool.config.json. What the first page needs is loaded before it is shown;
// Shoelace's autoloader fetches the other components when a view with them appears.
import "./shoelace/components/button/button.js";
import "./shoelace/components/dialog/dialog.js";
import "./shoelace/components/icon/icon.js";
import "./shoelace/components/icon-button/icon-button.js";
import "./shoelace/components/input/input.js";
import "./shoelace/components/tag/tag.js";
import "./shoelace/shoelace-autoloader.js";
import { setBasePath } from "./shoelace/utilities/base-path.js";

// Shoelace makes its icons from text by innerHTML, which Trusted Types refuse unless a `default` policy lets the text pass.
// Only pictures pass, and what might be in them does not run: the page's policy allows no handlers in attributes.
globalThis.trustedTypes?.createPolicy("default", {
  createHTML: (text) => (/^\s*<svg[\s>]/.test(text) ? text : null),
});

setBasePath(new URL("./shoelace", import.meta.url).href);
