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

setBasePath(new URL("./shoelace", import.meta.url).href);
