import t from "tap";
import { decodeBase, encodeBase } from "../../../src/host/store/base-blob.ts";
import { decodeImage, encodeImage } from "../../../src/protocol/session-image.ts";
import { pack } from "../../../src/workers/image.ts";
import { run, vmFactory } from "../../support/vm.ts";

const { bear } = await vmFactory();
const vm = await bear();
run(vm, "list = {} for i = 1, 2000 do list[i] = 'entry ' .. i end");
const base = vm.saveBase();
vm.rebase(base);
const blob = encodeBase(base);

t.test("a base that was kept is the same one, and images of it are good in a VM of another pool", async (t) => {
  t.ok(blob.length < base.bytes.length / 4, `${base.bytes.length} → ${blob.length}`);
  run(vm, "mine = 'my own' list[7] = nil");
  const kept = [vm.saveImage(), await pack(vm.saveImage({ tidy: true }))].map((image) => encodeImage(image));
  const again = await decodeBase(base.name, blob);
  t.strictSame(again, base);
  t.ok(again.bytes.buffer instanceof SharedArrayBuffer);
  const later = await (await vmFactory()).bear();
  for (const bytes of kept) {
    later.loadImage(decodeImage(bytes, again));
    t.equal(run(later, "return mine .. list[2000] .. tostring(list[7])"), "my ownentry 2000nil");
  }
});

t.test("bytes that are not those of the base are refused", async (t) => {
  await t.rejects(decodeBase("0".repeat(64), blob), { code: "IMAGE_CORRUPT" }, "another name");
  await t.rejects(decodeBase(base.name, new Uint8Array()), { code: "IMAGE_CORRUPT" });
  await t.rejects(decodeBase(base.name, blob.subarray(0, blob.length - 1)), { code: "IMAGE_CORRUPT" });
  const image = decodeImage(blob);
  for (const data of [image.data.subarray(9), Buffer.from("no deflated data"), image.data.toReversed()])
    await t.rejects(decodeBase(base.name, encodeImage({ ...image, data })), { code: "IMAGE_CORRUPT" });
  await t.rejects(
    decodeBase(base.name, encodeImage({ ...image, fingerprint: "a".repeat(64) })),
    { code: "IMAGE_CORRUPT" },
    "of another birth",
  );
});
