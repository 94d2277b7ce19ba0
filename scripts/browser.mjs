// Finds the Chromium that the browser tests use; gets one if there is none.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const cache = path.join(root, ".cache/browser");
const PACKAGE = "@sparticuz/chromium";
const VERSION = "143.0.4";

/**
 * Path of a Chromium that starts: BROWSER_PATH; one that playwright has downloaded; Chromium, Chrome or Edge of the
 * system; one that was got here before. If there is none, one is got: on Linux x64 from an npm package (65 MB, into
 * .cache/), else or if that fails playwright's own download, else by apt-get if we are root. Says so on stderr.
 * @throws Error with everything that was tried.
 */
export async function findBrowser() {
  const given = process.env.BROWSER_PATH;
  if (given) {
    const fault = whyNot(given);
    if (fault) throw new Error(`BROWSER_PATH is ${given}, but ${fault}.`);
    return given;
  }
  const tried = [];
  for (const candidate of [...playwrightBrowsers(), ...systemBrowsers()]) {
    const fault = whyNot(candidate);
    if (!fault) return candidate;
    if (fs.existsSync(candidate)) tried.push(`${candidate}: ${fault}`);
  }
  const sources = [npmPackage, playwrightDownload, aptPackage];
  for (const source of sources) {
    try {
      const found = await source();
      const fault = whyNot(found);
      if (!fault) return found;
      tried.push(`${found}: ${fault}`);
    } catch (error) {
      tried.push(error.message);
    }
  }
  throw new Error(
    [
      "No browser for the tests was found, and none could be got:",
      ...tried,
      "Install Chromium or Chrome, or set BROWSER_PATH.",
    ].join("\n  "),
  );
}

/** Why the program cannot be used; undefined if it can. */
function whyNot(file) {
  if (!fs.existsSync(file)) return "there is no such file";
  // On Windows `--version` opens a window.
  if (process.platform === "win32") return undefined;
  const { status, error, stderr } = spawnSync(file, ["--version"], { encoding: "utf8", timeout: 30_000 });
  if (status === 0) return undefined;
  return `it does not start (${error?.message ?? stderr.trim().split("\n").at(-1) ?? `status ${status}`})`;
}

/** What `npx playwright install` has put into its cache, newest first; the one of our own version before all. */
function playwrightBrowsers() {
  const folder =
    process.env.PLAYWRIGHT_BROWSERS_PATH ??
    {
      linux: path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache"), "ms-playwright"),
      darwin: path.join(os.homedir(), "Library/Caches/ms-playwright"),
      win32: path.join(process.env.LOCALAPPDATA ?? "", "ms-playwright"),
    }[process.platform];
  if (!folder || !fs.existsSync(folder)) return [];
  const programs = [
    "chrome-linux64/chrome",
    "chrome-linux/chrome",
    "chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
    "chrome-mac-x64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
    "chrome-mac/Chromium.app/Contents/MacOS/Chromium",
    "chrome-win64/chrome.exe",
    "chrome-win/chrome.exe",
  ];
  return fs
    .readdirSync(folder)
    .filter((name) => /^chromium-\d+$/.test(name))
    .sort((one, other) => Number(other.slice(9)) - Number(one.slice(9)))
    .flatMap((name) => programs.map((program) => path.join(folder, name, program)))
    .filter((file) => fs.existsSync(file));
}

function systemBrowsers() {
  if (process.platform === "darwin")
    return [
      "Chromium.app/Contents/MacOS/Chromium",
      "Google Chrome.app/Contents/MacOS/Google Chrome",
      "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ].flatMap((name) => [path.join("/Applications", name), path.join(os.homedir(), "Applications", name)]);
  if (process.platform === "win32")
    return ["ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA"]
      .map((name) => process.env[name])
      .filter(Boolean)
      .flatMap((folder) =>
        [
          "Google/Chrome/Application/chrome.exe",
          "Chromium/Application/chrome.exe",
          "Microsoft/Edge/Application/msedge.exe",
        ].map((name) => path.join(folder, name)),
      );
  const names = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "microsoft-edge-stable",
    "microsoft-edge",
  ];
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/bin", "/usr/local/bin", "/snap/bin"];
  return names
    .flatMap((name) => [...new Set(folders)].map((folder) => path.join(folder, name)))
    .filter((file) => fs.existsSync(file));
}

/** An npm package that contains a Chromium (headless only) for Linux x64, and libraries that a bare system lacks. */
async function npmPackage() {
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error(`${PACKAGE} is for Linux x64 only`);
  const program = path.join(cache, "chromium");
  const wrapper = path.join(cache, "chromium-with-libraries");
  if (!fs.existsSync(program)) {
    run(`npm install ${PACKAGE}@${VERSION} (about 65 MB, into .cache/)`, "npm", [
      "install",
      "--no-save",
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
      `--prefix=${cache}`,
      `${PACKAGE}@${VERSION}`,
    ]);
    await unpack("chromium.br", `${program}.part`);
    fs.chmodSync(`${program}.part`, 0o755);
    fs.renameSync(`${program}.part`, program);
  }
  if (!whyNot(program)) return program;
  const archive = path.join(cache, "libraries.tar");
  await unpack("al2023.tar.br", archive);
  run("unpacking libraries for Chromium", "tar", ["-xf", archive, "-C", cache]);
  fs.writeFileSync(
    wrapper,
    `#!/bin/sh\nLD_LIBRARY_PATH="${path.join(cache, "lib")}:$LD_LIBRARY_PATH" exec "${program}" "$@"\n`,
  );
  fs.chmodSync(wrapper, 0o755);
  return wrapper;
}

/** Unpacks one of the package's files. */
async function unpack(name, target) {
  const source = fs.createReadStream(path.join(cache, "node_modules", PACKAGE, "bin", name));
  await pipeline(source, zlib.createBrotliDecompress({ chunkSize: 1 << 20 }), fs.createWriteStream(target));
}

async function playwrightDownload() {
  run("playwright-core install chromium (about 170 MB)", process.execPath, [
    path.join(root, "node_modules/playwright-core/cli.js"),
    "install",
    "chromium",
  ]);
  const [found] = playwrightBrowsers();
  if (!found) throw new Error("playwright-core install chromium: nothing was installed");
  return found;
}

async function aptPackage() {
  if (process.getuid?.() !== 0 || spawnSync("apt-get", ["--version"]).status !== 0)
    throw new Error("apt-get install chromium: needs root on Debian or Ubuntu");
  run("apt-get update", "apt-get", ["update", "-qq"]);
  run("apt-get install chromium", "apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium"]);
  const [found] = systemBrowsers();
  if (!found) throw new Error("apt-get install chromium: there is still none");
  return found;
}

/** Runs a program that takes a while. Its output is shown when it fails. */
function run(what, command, args) {
  console.error(`No browser for the tests: ${what} …`);
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0)
    throw new Error(
      `${what} failed: ${error?.message ?? `${stdout}${stderr}`.trim().split("\n").slice(-3).join(" / ")}`,
    );
}
