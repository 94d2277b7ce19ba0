/** One line of a metrics text. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** A metric and its samples. */
export interface Family {
  type: string;
  help: string;
  samples: Sample[];
}

const SUFFIXES: Record<string, string[]> = { histogram: ["_bucket", "_sum", "_count"] };
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;

/**
 * Reads the text format of Prometheus, version 0.0.4, as strictly as Prometheus does: each metric has HELP and TYPE, its
 * samples follow, and no sample comes twice.
 */
export function readMetrics(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let current = "";
  for (const line of text.split("\n")) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.*)$/.exec(line) ?? [];
    if (kind === "HELP") {
      if (families.has(name)) throw new Error(`${name} comes twice`);
      families.set(name, { type: "", help: rest, samples: [] });
      current = name;
    } else if (kind === "TYPE") {
      if (name !== current) throw new Error(`TYPE of ${name} after HELP of ${current}`);
      familyOf(families, name).type = rest;
    } else if (line !== "") {
      const sample = readSample(line);
      const { type, samples } = familyOf(families, current);
      const names = SUFFIXES[type]?.map((suffix) => current + suffix) ?? [current];
      if (!names.includes(sample.name)) throw new Error(`${sample.name} is not of ${current}`);
      const identity = `${sample.name} ${textOf(sample.labels)}`;
      if (seen.has(identity)) throw new Error(`${line} comes twice`);
      seen.add(identity);
      samples.push(sample);
    }
  }
  return families;
}

/** The value of the only sample with this name and these labels; undefined: there is none. */
export function valueOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const wanted = textOf(labels);
  for (const { samples } of families.values())
    for (const sample of samples) if (sample.name === name && textOf(sample.labels) === wanted) return sample.value;
  return undefined;
}

/** The same text for the same labels, in whatever order. */
function textOf(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map((pair) => JSON.stringify(pair))
    .sort((one, other) => one.localeCompare(other))
    .join();
}

function familyOf(families: ReadonlyMap<string, Family>, name: string): Family {
  const family = families.get(name);
  if (family === undefined) throw new Error(`nothing was said of ${name}`);
  return family;
}

function readSample(line: string): Sample {
  const [, name, inner = "", number = ""] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  const value = number === "+Inf" ? Infinity : Number(number);
  if (name === undefined || Number.isNaN(value)) throw new Error(`not a sample: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < inner.length; at = LABEL.lastIndex) {
    const [, label, text] = LABEL.exec(inner) ?? [];
    if (label === undefined || text === undefined) throw new Error(`labels: ${line}`);
    labels[label] = text.replace(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
  }
  return { name, labels, value };
}
