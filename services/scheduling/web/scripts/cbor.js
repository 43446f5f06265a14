// CBOR (RFC 8949), only what a letter is made of, and of each value only the shortest way to write it.

const DEEPEST = 8;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class Tagged {
  constructor(tag, value) {
    Object.assign(this, { tag, value });
  }
}

/** The one value that these bytes are: number, string, Uint8Array, array, Map or Tagged. Throws: RangeError, TypeError. */
export function read(bytes) {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.at !== bytes.length) throw new RangeError("more than one value");
  return value;
}

/** A byte string as CBOR. Throws: RangeError when it is longer than any letter. */
export function byteString(bytes) {
  if (bytes.length > 0xffff) throw new RangeError("too long");
  const length = bytes.length;
  const head = length < 24 ? [0x40 + length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 255];
  return [...head, ...bytes];
}

class Reader {
  constructor(bytes) {
    Object.assign(this, { bytes, at: 0 });
  }

  value(depth) {
    if (depth > DEEPEST) throw new RangeError("too deep");
    const first = this.take(1)[0];
    const number = this.number(first & 31);
    switch (first >> 5) {
      case 0: return number;
      case 1: return -1 - number;
      case 2: return this.take(number);
      case 3: return UTF8.decode(this.take(number));
      case 4: return this.several(number, () => this.value(depth + 1));
      case 5: return this.map(number, depth + 1);
      case 6: return new Tagged(number, this.value(depth + 1));
      default: throw new RangeError("no number, text, list, map or tag");
    }
  }

  /** The number in or after a first byte; what could be written shorter is refused, and so is an unknown length. */
  number(small) {
    if (small < 24) return small;
    if (small > 27) throw new RangeError("of unknown length");
    const size = 1 << (small - 24);
    const number = this.take(size).reduce((sum, byte) => sum * 256 + byte, 0);
    const least = size === 1 ? 24 : 256 ** (size / 2);
    if (number < least || !Number.isSafeInteger(number)) throw new RangeError("not the shortest way to write it");
    return number;
  }

  take(count) {
    if (count > this.bytes.length - this.at) throw new RangeError("too short");
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  several(count, one) {
    if (count > this.bytes.length - this.at) throw new RangeError("too short");
    return Array.from({ length: count }, one);
  }

  map(count, depth) {
    const pairs = this.several(count, () => [this.value(depth), this.value(depth)]);
    const map = new Map(pairs);
    if (map.size !== count) throw new RangeError("a key that comes twice");
    return map;
  }
}
