import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { MoonpoolError } from "../../protocol/main.ts";

/** Bytes that the address of a Unix socket may have on all systems. */
const LONGEST_ADDRESS = 100;
/** Attempts to get a lock that others are taking or giving up at the same moment. */
const ATTEMPTS = 20;

/**
 * Makes the process the owner of a folder; returns what gives that up. Rejects with STORE_IN_USE.
 *
 * The owner listens on a socket in the folder. The system closes the socket when the process ends for whatever reason, so a
 * socket file that refuses connections is what an owner that was killed has left. Such a file is renamed before it is
 * removed: whoever renames the socket of an owner that has just come finds it alive, and puts it back.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const address = addressOf(fs.realpathSync(folder));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const server = await listen(address);
    if (server) return () => closed(server);
    // A pipe of Windows has no file that could be left over.
    if (process.platform === "win32" || (await isAlive(address))) throw inUse(folder);
    await removeLeftOver(address);
  }
  throw inUse(folder);
}

function addressOf(folder: string): string {
  const hash = createHash("sha256").update(folder).digest("hex").slice(0, 24);
  if (process.platform === "win32") return `\\\\.\\pipe\\moonpool-${hash}`;
  const inside = path.join(folder, "owner.sock");
  return Buffer.byteLength(inside) <= LONGEST_ADDRESS ? inside : path.join(os.tmpdir(), `moonpool-${hash}.sock`);
}

/** A server on the address; undefined: it is taken. */
async function listen(address: string): Promise<net.Server | undefined> {
  // Connections only ask whether somebody is here.
  const server = net.createServer((socket) => socket.on("error", () => {}).destroy());
  try {
    server.listen(address);
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return undefined;
    throw error;
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

async function removeLeftOver(address: string): Promise<void> {
  const aside = `${address.slice(0, -".sock".length)}-${randomBytes(2).toString("hex")}.sock`;
  try {
    fs.renameSync(address, aside);
    if (await isAlive(aside)) fs.linkSync(aside, address);
    fs.unlinkSync(aside);
  } catch (error) {
    // Another process was quicker, with removing it or with taking its place.
    if (!["ENOENT", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    fs.rmSync(aside, { force: true });
  }
}

async function closed(server: net.Server): Promise<void> {
  server.close();
  if (server.listening) await once(server, "close");
}

function inUse(folder: string): MoonpoolError {
  return new MoonpoolError("STORE_IN_USE", `Another process has the store ${folder}.`);
}
