import type { Value } from "../protocol/message.ts";
import { Fill } from "./fill.ts";
import { CHANGED, type Undo, type Variable, type Watcher } from "./model.ts";
import type { Page } from "./page.ts";
import type { Region, Unbind } from "./region.ts";

export interface ViewOptions {
  /** Leave what is there until the server has said what to show. */
  keep?: boolean;
  /** The element for a value that has no view, if it can be shown without; `present` is the one that showed the last. */
  plain?: (value: Value, present: HTMLElement | undefined) => HTMLElement | undefined;
  /** The element that bears the error of what cannot be shown. Default: a `<div>`. */
  stand?: () => HTMLElement;
}

const DEFAULTS: ViewOptions = {};

/** Shows the view on `variable` in `region`, from now until it is undone. See View. */
export function mountView(page: Page, variable: Variable, region: Region, options?: ViewOptions): Undo {
  const view = new View(page, variable, region, options);
  return () => view.undo();
}

/**
 * Shows the view on `variable` in `region`, from now until it is undone. Rendering happens outside the document, views
 * within views included, so the page gets it whole. The undo leaves the nodes to the region's owner.
 *
 * What fails while it is shown stays in here: an empty element with the error stands for the view, until it gets another
 * content. So does one for a view that there is not because of an error of the session.
 */
export class View implements Watcher {
  readonly variable: Variable;
  readonly region: Region;
  since = 0;
  readonly #page: Page;
  readonly #options: ViewOptions;
  readonly #untie: Unbind;
  #fill: Fill | undefined;
  #isPlain = false;
  #isStanding = false;
  #isRendering = false;

  constructor(page: Page, variable: Variable, region: Region, options = DEFAULTS) {
    this.#page = page;
    this.variable = variable;
    this.region = region;
    this.#options = options;
    page.counts.views++;
    this.#untie = region.attach((host) => {
      page.ties.add(host, this);
      return () => page.ties.remove(host, this);
    });
    page.model.addWatcher(variable, this);
    this.#render();
  }

  changed(changes: number): void {
    const { variable, region } = this;
    const { keep, plain } = this.#options;
    if (changes & CHANGED.content || (plain && !variable.content?.key && changes & CHANGED.value)) this.#render();
    if (!(changes & CHANGED.error)) return;
    const mayChange = !this.#fill && !this.#isRendering && !(keep && !variable.content);
    if (mayChange && this.#isStanding !== (variable.error !== null)) this.#showWithout(variable.content?.key ?? "");
    if (region.host) this.#page.ties.mark(region.host);
  }

  undo(): void {
    this.#page.counts.views--;
    this.#page.model.removeWatcher(this.variable, this);
    this.#fill?.undo();
    this.#untie();
  }

  #render(): void {
    this.#isRendering = true;
    try {
      this.#change();
    } catch (error) {
      const key = this.variable.content?.key ?? "";
      this.#page.failedAt(key, error, this.variable, this);
      if (!this.#fill) this.#showWithout(key);
    } finally {
      this.#isRendering = false;
    }
  }

  #change(): void {
    const { content } = this.variable;
    const { model, viewdefs, hotload } = this.#page;
    if (this.#options.keep && !content) return;
    const fill = this.#fill;
    const viewdef = fill && content?.key ? viewdefs.get(content.key) : undefined;
    if (content && viewdef && fill?.lineage === content.lineage && hotload) {
      model.succeed(this.variable, this);
      hotload.exchange(
        fill,
        viewdef,
        content.first,
        () => this.#renew(),
        () => this.#render(),
      );
    } else this.#renew();
  }

  #renew(): void {
    const { variable, region } = this;
    const page = this.#page;
    const { content } = variable;
    this.#fill?.undo();
    this.#fill = undefined;
    page.model.succeed(variable, this);
    const key = content?.key ?? "";
    const viewdef = key ? page.viewdefs.get(key) : undefined;
    if (content && viewdef) {
      this.#fill = new Fill(page, viewdef, variable, content, region);
      this.#isPlain = this.#isStanding = false;
      return;
    }
    if (key) {
      const message = `The page was not sent ${key}.`;
      page.report("VIEWDEF_MISSING", message, variable.id);
      page.model.fail(variable, { code: "VIEWDEF_MISSING", message, where: key }, this);
    }
    this.#showWithout(key);
  }

  /** There is no view. */
  #showWithout(key: string): void {
    const { variable, region } = this;
    const { plain, stand = () => document.createElement("div") } = this.#options;
    const present = this.#isPlain ? region.host : undefined;
    const element = variable.error ? undefined : plain?.(variable.value, present);
    this.#isPlain = Boolean(element);
    if (element && element === present) return;
    this.#isStanding = !element && variable.error !== null;
    if (this.#isStanding) region.put([stand()], key);
    else region.put(element ? [element] : [], "");
  }
}
