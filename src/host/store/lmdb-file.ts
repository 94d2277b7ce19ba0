import fs from "node:fs";
import { MoonpoolError } from "../../protocol/main.ts";

/**
 * Checks that the pages of an LMDB file belong together, before LMDB is given it: LMDB follows page numbers, offsets and
 * lengths without looking at them, and a wrong one ends the process or lets it overwrite what it should keep.
 *
 *     page 0, 1   meta: number of the transaction, roots of two trees. The one with the higher number counts.
 *     branch      keys, each with the page below it
 *     leaf        keys, each with its value, or with the overflow pages that have it
 *     free tree   numbers of pages that are in no tree
 *
 * Afterwards every page is in one place of one tree, or free; keys are in order; nothing leads out of a page or of the file.
 * Values are not looked at: they have sums of their own. Reads branches and leaves, and heads of overflow pages. Little-endian
 * machines with 64 bits only, like the builds of the lmdb package.
 */
export function checkLmdbFile(file: string): void {
  const handle = fs.openSync(file, "r");
  try {
    new Check(file, handle).run();
  } finally {
    fs.closeSync(handle);
  }
}

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const PAGE_HEAD = 24;
const BRANCH = 1;
const LEAF = 2;
const OVERFLOW = 4;
const META = 8;
const BIG = 1;
/** The root of an empty tree. */
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
const DEEPEST = 32;
/** Bytes of address space that a map may take. */
const LARGEST_MAP = 2 ** 46;

interface Tree {
  depth: number;
  branches: number;
  leaves: number;
  overflow: number;
  entries: number;
  root: number | undefined;
}

interface Meta {
  pageSize: number;
  free: Tree;
  main: Tree;
  lastPage: number;
  transaction: number;
}

/** Keys of a page are from `from` on and below `to`. */
interface Bounds {
  from: Buffer | undefined;
  to: Buffer | undefined;
}

class Check {
  readonly #file: string;
  readonly #handle: number;
  readonly #size: number;
  #meta!: Meta;
  /** By page: 1, if it is in a tree or free. */
  #taken!: Uint8Array;

  constructor(file: string, handle: number) {
    this.#file = file;
    this.#handle = handle;
    this.#size = fs.fstatSync(handle).size;
  }

  run(): void {
    const first = this.#readMeta(0, 0);
    const metas = [first, this.#readMeta(first.pageSize, 1)] as const;
    // A meta page that has lost its place in time would bring back what was true before.
    const [older, newer] = metas[0].transaction < metas[1].transaction ? metas : [metas[1], metas[0]];
    const fresh = newer.transaction === 0;
    if (newer.pageSize !== older.pageSize) this.#fail("meta pages of two sizes");
    if (!fresh && newer.transaction !== older.transaction + 1) this.#fail("meta pages that do not follow each other");
    if (!fresh && newer !== metas[newer.transaction % 2]) this.#fail("meta pages in each other's place");
    for (const meta of older.transaction === 0 ? [newer] : metas) {
      this.#meta = meta;
      if (meta.main.root !== undefined && this.#transactionOf(meta.main.root) !== meta.transaction)
        this.#fail("a root of another transaction");
    }
    this.#meta = newer;
    this.#taken = new Uint8Array(newer.lastPage + 1).fill(1, 0, 2);
    this.#walk(newer.main, undefined);
    const free: Buffer[] = [];
    this.#walk(newer.free, free);
    for (const list of free) this.#takeFree(list);
  }

  #readMeta(offset: number, page: number): Meta {
    const bytes = this.#read(offset, 168);
    if (bytes.readUInt32LE(24) !== MAGIC) this.#fail("no store of Moonpool");
    const version = bytes.readUInt32LE(28);
    if (version !== DATA_VERSION)
      throw new MoonpoolError("STORE_VERSION", `The file ${this.#file} has version ${version} of LMDB's format.`);
    const pageSize = bytes.readUInt32LE(48);
    const meta = {
      pageSize,
      free: this.#tree(bytes.subarray(48, 96)),
      main: this.#tree(bytes.subarray(96, 144)),
      lastPage: this.#number(bytes, 144),
      transaction: this.#number(bytes, 152),
    };
    const sound =
      this.#number(bytes, 0) === page &&
      bytes.readUInt16LE(18) === META &&
      pageSize >= 512 &&
      pageSize <= 65_536 &&
      (pageSize & (pageSize - 1)) === 0 &&
      this.#number(bytes, 32) === 0 &&
      this.#number(bytes, 40) <= LARGEST_MAP &&
      meta.lastPage <= LARGEST_MAP / pageSize &&
      bytes.readUInt16LE(100) === 0;
    if (!sound) this.#fail("a damaged meta page");
    return meta;
  }

  #tree(bytes: Buffer): Tree {
    return {
      depth: bytes.readUInt16LE(6),
      branches: this.#number(bytes, 8),
      leaves: this.#number(bytes, 16),
      overflow: this.#number(bytes, 24),
      entries: this.#number(bytes, 32),
      root: bytes.readBigUInt64LE(40) === NO_PAGE ? undefined : this.#number(bytes, 40),
    };
  }

  /** Goes through a tree; adds its values to `values`, if given. */
  #walk(tree: Tree, values: Buffer[] | undefined): void {
    const found = { branches: 0, leaves: 0, overflow: 0, entries: 0 };
    const visit = (number: number, depth: number, bounds: Bounds): void => {
      if (depth > Math.min(tree.depth, DEEPEST)) this.#fail("a tree that is too deep");
      const page = this.#page(number);
      const leaf = depth === tree.depth;
      if (page.readUInt16LE(18) !== (leaf ? LEAF : BRANCH)) this.#fail(`page ${number} of a wrong kind`);
      const nodes = this.#nodes(page, number);
      if (!leaf && nodes.length < 2) this.#fail(`page ${number} with nothing below it`);
      found[leaf ? "leaves" : "branches"]++;
      if (leaf) found.entries += nodes.length;
      // In a branch, the first key is left out: it is what the branch itself stands for.
      const keys = nodes.map((node, i) => (leaf || i > 0 ? this.#key(node, number) : undefined));
      this.#inOrder(keys, bounds, number, values !== undefined);
      for (const [i, node] of nodes.entries()) {
        if (leaf) {
          const value = this.#value(node, number, (pages) => (found.overflow += pages), values !== undefined);
          values?.push(value);
        } else {
          const below = node.readUInt16LE(0) + node.readUInt16LE(2) * 2 ** 16 + node.readUInt16LE(4) * 2 ** 32;
          visit(below, depth + 1, { from: keys[i] ?? bounds.from, to: keys[i + 1] ?? bounds.to });
        }
      }
    };
    if (tree.root !== undefined) visit(tree.root, 1, { from: undefined, to: undefined });
    else if (tree.depth !== 0) this.#fail("a tree without a root");
    for (const name of ["branches", "leaves", "overflow", "entries"] as const)
      if (found[name] !== tree[name]) this.#fail(`${found[name]} ${name} instead of ${tree[name]}`);
  }

  /** The page's nodes, each from its beginning to the end of the page. */
  #nodes(page: Buffer, number: number): Buffer[] {
    const lower = page.readUInt16LE(20);
    const upper = page.readUInt16LE(22);
    const room = page.length - PAGE_HEAD;
    if (lower % 2 !== 0 || lower > upper || upper > room) this.#fail(`page ${number} with wrong bounds`);
    return Array.from({ length: lower / 2 }, (_, i) => {
      const offset = page.readUInt16LE(PAGE_HEAD + 2 * i);
      if (offset < upper || offset + 8 > room) this.#fail(`page ${number} with a wrong offset`);
      return page.subarray(PAGE_HEAD + offset);
    });
  }

  #key(node: Buffer, number: number): Buffer {
    const size = node.readUInt16LE(6);
    if (size === 0 || 8 + size > node.length) this.#fail(`page ${number} with a wrong key`);
    return node.subarray(8, 8 + size);
  }

  #inOrder(keys: (Buffer | undefined)[], { from, to }: Bounds, number: number, numeric: boolean): void {
    // Keys of the free tree are numbers of 8 bytes.
    const order = (key: Buffer): Buffer => (numeric ? Buffer.from(key.toReversed()) : key);
    let before = from && order(from);
    for (const [i, key] of keys.entries()) {
      if (!key) continue;
      if (numeric && key.length !== 8) this.#fail(`page ${number} with a wrong key`);
      const after = before ? Buffer.compare(before, order(key)) : -1;
      if (i === 0 ? after > 0 : after >= 0) this.#fail(`page ${number} with keys out of order`);
      before = order(key);
    }
    if (to && before && Buffer.compare(before, order(to)) >= 0) this.#fail(`page ${number} with keys out of order`);
  }

  /** Takes the overflow pages of a leaf's node, and returns its value if that is `wanted`. */
  #value(node: Buffer, number: number, overflow: (pages: number) => void, wanted: boolean): Buffer {
    const { pageSize, transaction } = this.#meta;
    const size = node.readUInt32LE(0);
    const flags = node.readUInt16LE(4);
    const data = node.subarray(8 + node.readUInt16LE(6));
    if (flags === 0) {
      if (size > data.length) this.#fail(`page ${number} with a value that is too long`);
      return data.subarray(0, size);
    }
    if (flags !== BIG || data.length < 24) this.#fail(`page ${number} with a wrong value`);
    const first = this.#number(data, 0);
    const pages = this.#number(data, 16);
    // A shorter value that took the place of a longer one has its pages.
    if (pages < Math.ceil((PAGE_HEAD + size) / pageSize) || this.#number(data, 8) > transaction)
      this.#fail(`page ${number} with a value of wrong length`);
    this.#take(first, pages);
    overflow(pages);
    if (first * pageSize + PAGE_HEAD + size > this.#size) this.#fail("an end that is missing");
    const head = this.#head(this.#read(first * pageSize, PAGE_HEAD), first);
    if (head.readUInt16LE(18) !== OVERFLOW || head.readUInt32LE(20) !== pages)
      this.#fail(`page ${first} of a wrong kind`);
    return wanted ? this.#read(first * pageSize + PAGE_HEAD, size) : data;
  }

  /** A list of free pages: how many numbers follow; each is a page, or, negative, how many pages the next one stands for. */
  #takeFree(list: Buffer): void {
    const count = list.length >= 8 ? this.#number(list, 0) : -1;
    if (count < 0 || list.length < 8 * (count + 1)) this.#fail("a damaged list of free pages");
    for (let i = 1; i <= count; i++) {
      const entry = Number(list.readBigInt64LE(8 * i));
      if (entry > 0) this.#take(entry, 1);
      else if (entry < 0 && i < count) this.#take(this.#number(list, 8 * ++i), -entry);
      else if (entry !== 0) this.#fail("a damaged list of free pages");
    }
  }

  #page(number: number): Buffer {
    this.#take(number, 1);
    const { pageSize } = this.#meta;
    return this.#head(this.#read(number * pageSize, pageSize), number);
  }

  /** The page, if it says that it is the one with this number. */
  #head(page: Buffer, number: number): Buffer {
    if (this.#number(page, 0) !== number || this.#number(page, 8) > this.#meta.transaction)
      this.#fail(`page ${number} with a wrong head`);
    return page;
  }

  #transactionOf(number: number): number {
    return this.#number(this.#read(number * this.#meta.pageSize, PAGE_HEAD), 8);
  }

  #take(first: number, pages: number): void {
    if (first < 2 || first + pages > this.#taken.length) this.#fail(`no page ${first}`);
    for (let page = first; page < first + pages; page++) {
      if (this.#taken[page] === 1) this.#fail(`page ${page} in two places`);
      this.#taken[page] = 1;
    }
  }

  #number(bytes: Buffer, offset: number): number {
    const number = bytes.readBigUInt64LE(offset);
    if (number > Number.MAX_SAFE_INTEGER) this.#fail("a number that is too large");
    return Number(number);
  }

  #read(offset: number, size: number): Buffer {
    const bytes = Buffer.allocUnsafe(size);
    if (offset + size > this.#size) this.#fail("an end that is missing");
    if (fs.readSync(this.#handle, bytes, 0, size, offset) !== size) this.#fail("an end that is missing");
    return bytes;
  }

  #fail(what: string): never {
    throw new MoonpoolError("STORE_CORRUPT", `The file ${this.#file} is damaged: ${what}.`);
  }
}
