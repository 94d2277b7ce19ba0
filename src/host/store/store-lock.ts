import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { MoonpoolError } from "../../protocol/main.ts";

/** Bytes that the address of a Unix socket may have on all systems. */
const LONGEST_ADDRESS = 100;
/** Milliseconds to wait before looking again whether those who came at the same moment have gone. */
const PAUSES = [0, 5, 10, 20, 40, 80];

/**
 * Makes the process the owner of a folder; returns what gives that up. Rejects with STORE_IN_USE or STORE_FAILED.
 *
 * Whoever wants the folder listens on a socket of its own in it, and then looks for others: an owner has seen that it was
 * alone. Of two that come at once, at least the one that looks later sees the other. Those who see an earlier one go away;
 * the earliest looks again until the later ones are gone.
 *
 * The system closes the sockets of a process that ends for whatever reason. A socket file that refuses connections was left
 * by such a process, and can be removed: its name never comes again.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const real = fs.realpathSync(folder);
  const hash = createHash("sha256").update(real).digest("hex").slice(0, 12);
  if (process.platform === "win32") {
    // A named pipe has one owner, and no file that could be left over.
    const server = await listen(`\\\\.\\pipe\\moonpool-${hash}`);
    if (!server) throw inUse(folder);
    return () => closed(server);
  }
  const name = `owner-${Date.now().toString(36).padStart(9, "0")}-${randomBytes(4).toString("hex")}`;
  const own = `${name}.sock`;
  const place = placeFor(real, own, hash);
  const address = path.join(place, own);
  const unborn = path.join(place, `${name}.new`);
  const server = await listen(unborn);
  if (!server) throw inUse(folder);
  // From now on it answers, so nobody takes it for one that was left.
  fs.renameSync(unborn, address);
  const unlock = async (): Promise<void> => {
    fs.rmSync(address, { force: true });
    await closed(server);
  };
  for (const pause of PAUSES) {
    await setTimeout(pause);
    const others = await othersIn(place, own);
    if (others.length === 0) return unlock;
    if (others.some((other) => other < own)) break;
  }
  await unlock();
  throw inUse(folder);
}

/** Where the sockets of those who want the folder are. */
function placeFor(folder: string, name: string, hash: string): string {
  if (Buffer.byteLength(path.join(folder, name)) <= LONGEST_ADDRESS) return folder;
  const place = path.join(os.tmpdir(), `moonpool-${hash}`);
  fs.mkdirSync(place, { recursive: true });
  return place;
}

/** Names of the sockets of others that are alive; removes those of the dead. */
async function othersIn(place: string, own: string): Promise<string[]> {
  const alive: string[] = [];
  for (const name of fs.readdirSync(place)) {
    if (!/^owner-.*\.sock$/.test(name) || name === own) continue;
    if (await isAlive(path.join(place, name))) alive.push(name);
    else fs.rmSync(path.join(place, name), { force: true });
  }
  return alive;
}

/** A server on the address; undefined: it is taken. */
async function listen(address: string): Promise<net.Server | undefined> {
  // Connections only ask whether somebody is here.
  const server = net.createServer((socket) => socket.on("error", () => {}).destroy());
  try {
    server.listen(address);
    await once(server, "listening");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") return undefined;
    throw new MoonpoolError("STORE_FAILED", `The store cannot be locked: ${message}.`, {}, error);
  }
  server.on("error", () => {});
  // The lock keeps no process alive.
  return server.unref();
}

/** False: nobody listens there. Whoever is too busy to answer is alive. */
async function isAlive(address: string): Promise<boolean> {
  const socket = net.connect(address);
  try {
    await once(socket, "connect");
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== "ECONNREFUSED" && code !== "ENOENT";
  } finally {
    socket.destroy();
  }
}

async function closed(server: net.Server): Promise<void> {
  const closing = once(server, "close");
  server.close();
  await closing;
}

function inUse(folder: string): MoonpoolError {
  return new MoonpoolError("STORE_IN_USE", `Another process has the store ${folder}.`);
}
