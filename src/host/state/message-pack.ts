/** Levels of arrays and maps. */
const DEPTH_MOST = 100;

/**
 * What keeps bytes from being exactly one MessagePack value that JSON can say, too; undefined: nothing. To be asked before they
 * are decoded: a decoder makes room for as many elements as five bytes promise, and has types of its own.
 */
export function checkMessagePack(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  /** Values that are still to come, of each array and map that is open. A map has two for each entry. */
  const open = [{ left: 1, isMap: false }];
  let at = 0;

  const has = (count: number): boolean => count <= bytes.length - at;
  const count = (size: 1 | 2 | 4): number => {
    if (!has(size)) return Infinity;
    const value = size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at) : view.getUint32(at);
    at += size;
    return value;
  };
  const skip = (size: number): boolean => {
    at += size;
    return at <= bytes.length;
  };
  const text = (length: number): boolean => {
    if (!has(length)) return false;
    try {
      utf8.decode(bytes.subarray(at, at + length));
    } catch {
      return false;
    }
    return skip(length);
  };
  // Nothing is made for what is only promised: the bytes end before that.
  const container = (length: number, isMap: boolean): boolean => {
    open.push({ left: isMap ? length * 2 : length, isMap });
    return true;
  };

  for (;;) {
    const last = open.at(-1);
    if (!last) return at === bytes.length ? undefined : "there is something after it";
    if (last.left === 0) {
      open.pop();
      continue;
    }
    if (open.length > DEPTH_MOST) return "it is nested too deeply";
    if (!has(1)) return "it is not complete";
    const isKey = last.isMap && last.left % 2 === 0;
    last.left--;
    const type = view.getUint8(at++);
    const isText = (type >= 0xa0 && type < 0xc0) || (type >= 0xd9 && type <= 0xdb);
    if (isKey && !isText) return "a name is no text";
    let isComplete: boolean;
    if (type < 0x80 || type >= 0xe0 || type === 0xc0 || type === 0xc2 || type === 0xc3) isComplete = true;
    else if (type < 0x90) isComplete = container(type & 0x0f, true);
    else if (type < 0xa0) isComplete = container(type & 0x0f, false);
    else if (type < 0xc0) isComplete = text(type & 0x1f);
    else if (type === 0xca || type === 0xcb) {
      const size = type === 0xca ? 4 : 8;
      if (has(size) && !Number.isFinite(size === 4 ? view.getFloat32(at) : view.getFloat64(at)))
        return "a number is not finite";
      isComplete = skip(size);
    } else if (type >= 0xcc && type <= 0xce) isComplete = skip(1 << (type - 0xcc));
    else if (type >= 0xd0 && type <= 0xd2) isComplete = skip(1 << (type - 0xd0));
    else if (type >= 0xd9 && type <= 0xdb) isComplete = text(count(type === 0xd9 ? 1 : type === 0xda ? 2 : 4));
    else if (type === 0xdc || type === 0xdd) isComplete = container(count(type === 0xdc ? 2 : 4), false);
    else if (type === 0xde || type === 0xdf) isComplete = container(count(type === 0xde ? 2 : 4), true);
    else return `type 0x${type.toString(16)} has no counterpart in JSON`;
    if (!isComplete) return "it is not complete, or has a text that is none";
  }
}
