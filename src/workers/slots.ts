import type { MemoryImage } from "../protocol/session-image.ts";
import { BufferStock } from "./buffer-stock.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { pack } from "./image.ts";
import type { LuaVm } from "./lua-vm.ts";

/** A session, as far as slots know it: it is in a VM, or at rest in an image. */
export interface Tenant {
  vm: LuaVm | undefined;
  /** `null`: as at birth. Only good while there is no `vm`. */
  image: MemoryImage | null;
  /**
   * Garbage of the session was collected because it was idle, and `image` is what it goes on from. Whoever repeats its events
   * from an older image has to be told: weak tables, addresses and the next collection are otherwise there.
   */
  tidied?(image: MemoryImage): void;
}

export interface SlotsOptions {
  bear: () => Promise<LuaVm>;
  /** VMs at most. */
  max: number;
  /** ms without an event after which a session gives its VM back. Default: 30 s. */
  idle?: number;
  /** Bytes of images that are kept ready to be loaded at once. */
  ready: number;
}

const IDLE = 30_000;
/** VMs without a session that are kept for newcomers. */
const SPARE = 2;
/**
 * ms without an event after which a session gives its VM to one that would have to wait for a birth: that takes 5 ms, and 20 more each
 * second time, as V8 collects garbage for so much new memory; this, with what the session's own next event costs, half of one.
 */
const PASSIVE = 25;
/** ms between births that nobody waits for. */
const BIRTH_PAUSE = 100;
/** Memory of a VM never shrinks: one that has grown beyond this is thrown away after use. Bytes. */
const REUSABLE = 8 * 2 ** 20;
/** Sessions per sweep that are put to rest, 1.3 ms each. */
const RELEASES = 8;
/** ms between two times that the memory of VMs that were given up is given back. */
const GIVE_BACK = 5_000;
/** Images that are packed at the same time, on other threads, 2 ms each. */
const PACKINGS = 4;

/**
 * The VMs of a thread. A session gets one when it has something to do and keeps it until others need it more (the least
 * recently used goes first) or it is idle.
 *
 *     take ─▶ in a VM ── others need it, or idle ──▶ image ── idle, or there are many ──▶ packed image
 */
export class Slots {
  readonly #bear: () => Promise<LuaVm>;
  readonly #max: number;
  readonly #idle: number;
  readonly #ready: number;
  /** Sessions in VMs, least recently used first, and when they were used. */
  readonly #hot = new Map<Tenant, number>();
  /** Sessions at rest whose image is not packed, and since when. */
  readonly #cold = new Map<Tenant, number>();
  /** Bytes of their images. */
  #coldBytes = 0;
  readonly #packing = new Set<MemoryImage>();
  readonly #buffers = new BufferStock();
  readonly #allocate = (size: number): Buffer => this.#buffers.take(size);
  readonly #free: LuaVm[] = [];
  readonly #births = new Set<Promise<void>>();
  #lastBirth = -Infinity;
  /** VMs have been given up whose memory may still be there. */
  #hasGarbage = false;
  #collected = -Infinity;

  constructor({ bear, max, idle = IDLE, ready }: SlotsOptions) {
    this.#bear = bear;
    this.#max = max;
    this.#idle = idle;
    this.#ready = ready;
  }

  /** VMs that there are now. */
  get size(): number {
    return this.#hot.size + this.#free.length;
  }

  /**
   * The VM with the tenant's session in it, which stays there until something else is asked of these slots; or a promise
   * to wait for before trying again. `now` in ms of a clock that never goes back. Throws MoonpoolError when the image
   * cannot be loaded; the promise rejects when no VM can be born. With `keepImage` the image that it was loaded from stays
   * as it is, until it is given to `discard`.
   */
  take(tenant: Tenant, now: number, keepImage = false): LuaVm | Promise<void> {
    if (tenant.vm) {
      this.#hot.delete(tenant);
      this.#hot.set(tenant, now);
      return tenant.vm;
    }
    const free = this.#free.pop();
    if (free) return this.#load(free, tenant, now, keepImage);
    const [oldest] = this.#hot;
    const mayWait = this.#hasRoom || this.#births.size > 0;
    if (!oldest || (mayWait && now - oldest[1] < PASSIVE))
      return this.#hasRoom ? this.#startBirth() : Promise.race(this.#births);
    this.#release(oldest[0], now, false);
    return this.take(tenant, now, keepImage);
  }

  get #hasRoom(): boolean {
    return this.size + this.#births.size < this.#max;
  }

  /** The session in a VM as it is now, until it is given to `discard`. */
  copy(vm: LuaVm): MemoryImage {
    return vm.saveImage({ allocate: this.#allocate });
  }

  /** An image is not needed any more that came from `copy`, or that `take` left to its tenant. */
  discard(image: MemoryImage): void {
    if (!image.packed && !this.#packing.has(image)) this.#buffers.give(image.data);
  }

  /**
   * Puts the tenant to rest at once: many of whom each has little to do then go through one VM, which stays in the caches.
   * With `tidy` garbage is collected before.
   */
  rest(tenant: Tenant, now: number, tidy = false): void {
    this.#release(tenant, now, tidy);
  }

  /** The session has ended. */
  forget(tenant: Tenant): void {
    this.#hot.delete(tenant);
    this.#vacate(tenant);
    this.#dropImage(tenant);
  }

  /** Puts idle sessions to rest and gives up spare VMs. To be called about twice a second; takes 10 ms at most, twice that when memory
   * is given back. */
  async sweep(now: number): Promise<void> {
    for (const [tenant, used] of [...this.#hot].slice(0, RELEASES)) {
      if (now - used >= this.#idle) this.#tidy(tenant, used);
    }
    this.#free.splice(SPARE).forEach((vm) => this.#close(vm));
    this.#giveBack(now);
    await this.#packAll((since) => now - since >= this.#idle);
  }

  #tidy(tenant: Tenant, used: number): void {
    this.#release(tenant, used, true);
    if (tenant.image) tenant.tidied?.(tenant.image);
  }

  #load(vm: LuaVm, tenant: Tenant, now: number, keepImage: boolean): LuaVm {
    try {
      vm.loadImage(tenant.image);
    } catch (error) {
      this.#keep(vm);
      throw error;
    }
    this.#hot.set(tenant, now);
    tenant.vm = vm;
    this.#provide(now);
    if (keepImage) this.#takeImage(tenant);
    else this.#dropImage(tenant);
    return vm;
  }

  /** Whoever wakes next should not have to wait for a birth. */
  #provide(now: number): void {
    if (this.#free.length > 0 || this.#births.size > 0 || !this.#hasRoom || now - this.#lastBirth < BIRTH_PAUSE) return;
    this.#lastBirth = now;
    this.#startBirth().catch(() => {});
  }

  #release(tenant: Tenant, used: number, tidy: boolean): void {
    this.#hot.delete(tenant);
    try {
      tenant.image = tenant.vm ? this.#save(tenant.vm, tidy) : null;
    } catch {
      // The VM failed, and so will the tenant's next event; nobody else has to know.
      if (tenant.vm) this.#close(tenant.vm);
      return;
    }
    this.#cold.set(tenant, used);
    this.#coldBytes += tenant.image?.data.length ?? 0;
    this.#vacate(tenant);
    if (this.#coldBytes > this.#ready) void this.#packAll(() => this.#coldBytes > this.#ready);
  }

  /**
   * Collecting garbage touches objects all over the memory: of what did little, the image is smaller as it is. Of one that has a
   * base, a word here and there takes no room when it is packed.
   */
  #save(vm: LuaVm, tidy: boolean): MemoryImage {
    const image = this.copy(vm);
    if (!tidy) return image;
    if (image.base) {
      this.discard(image);
      return vm.saveImage({ tidy, allocate: this.#allocate });
    }
    const tidied = vm.saveImage({ tidy, allocate: this.#allocate });
    const [smaller, larger] = tidied.data.length < image.data.length ? [tidied, image] : [image, tidied];
    this.discard(larger);
    return smaller;
  }

  #vacate(tenant: Tenant): void {
    const { vm } = tenant;
    tenant.vm = undefined;
    if (vm) this.#keep(vm);
  }

  #keep(vm: LuaVm): void {
    if (vm.broken || vm.bytes > REUSABLE) this.#close(vm);
    else this.#free.push(vm);
  }

  #close(vm: LuaVm): void {
    vm.close();
    this.#hasGarbage = true;
  }

  #giveBack(now: number): void {
    if (!this.#hasGarbage || now - this.#collected < GIVE_BACK) return;
    this.#hasGarbage = false;
    this.#collected = now;
    collectGarbage();
  }

  #startBirth(): Promise<void> {
    const birth = this.#bear().then((vm) => void this.#free.push(vm));
    const settled = birth.finally(() => this.#births.delete(settled));
    this.#births.add(settled);
    return settled;
  }

  /** Packs images, the longest at rest first, as long as `isWanted` says so. */
  async #packAll(isWanted: (since: number) => boolean): Promise<void> {
    for (const [tenant, since] of this.#cold) {
      if (this.#packing.size >= PACKINGS || !isWanted(since)) return;
      await this.#pack(tenant);
    }
  }

  async #pack(tenant: Tenant): Promise<void> {
    this.#leaveCold(tenant);
    const { image } = tenant;
    if (!image) return;
    this.#packing.add(image);
    const packed = await pack(image).catch(() => image);
    this.#packing.delete(image);
    // It may have gone on in the meantime.
    if (tenant.image === image) tenant.image = packed;
    if (packed !== image) this.#buffers.give(image.data);
  }

  #leaveCold(tenant: Tenant): void {
    if (this.#cold.delete(tenant)) this.#coldBytes -= tenant.image?.data.length ?? 0;
  }

  #takeImage(tenant: Tenant): MemoryImage | null {
    this.#leaveCold(tenant);
    const { image } = tenant;
    tenant.image = null;
    return image;
  }

  #dropImage(tenant: Tenant): void {
    const image = this.#takeImage(tenant);
    if (image) this.discard(image);
  }
}
