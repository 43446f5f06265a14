// What a letter says and whether it holds, by the same rules as letters.py and domain/letters.py.

import { bytesOf } from "./base45.js";
import { read } from "./cbor.js";
import { Forged, opened } from "./signatures.js";

const PREFIX = "NI1:";
const [EXP, CONTENT, SUPERSEDED, VERSION] = [4, -65537, -65539, 1];
const MOST_TEXT = 1000;
const MOST_BYTES = 1000;
const LINES = /[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/g;
const LIST_HOLDS = 7 * 24 * 3600;
const HASH_BYTES = 5;

/** The text is no letter: a symbol is missing, or it is another kind of text. */
export class Malformed extends Error {}

/** The letter that one of the keys signed. Throws: Malformed, Forged. */
export async function decode(text, keys, ...options) {
  return letterIn(await opened(await unwrapped(text), keys, ...options));
}

/** The list of superseded letters: `least` sequence by the hash of the reference, and the seconds between which it can be used. Throws: Forged. */
export async function listOf(signed, keys) {
  const claims = read(await opened(signed, keys));
  const [least, until] = [claims.get(SUPERSEDED), claims.get(EXP)];
  if (!(least instanceof Map)) throw new Malformed("signed by us, but no list");
  return { least, from: until - LIST_HOLDS, until };
}

/**
 * The verdict on a text, and the letter if one of our keys signed it. `ours`: the keys; `list`: of superseded letters, if any.
 * A clock that goes behind the list's own is wrong; one that goes ahead cannot be told.
 */
export async function verdictOn(text, now, { ours, list }, door, ...options) {
  try {
    const letter = await decode(text, ours, ...options);
    const least = list?.least.get(await hashOf(letter.reference)) ?? 0;
    return { letter, verdict: judge(letter, Math.max(now, list?.from ?? 0), { list, least }, door) };
  } catch (error) {
    if (error instanceof Forged) return { verdict: "forged" };
    if (error instanceof Malformed) return { verdict: "unreadable" };
    throw error;
  }
}

/** The text without spaces, which people swallow. */
export function readable(text) {
  return text.replaceAll(" ", "_");
}

/**
 * The verdict on a letter that is signed by us. `now`: seconds; `today(seconds, zone)`: the date there; `atSite`: none elsewhere.
 * `least`: the sequence that the list asks for. Without a list, or with one that is too old, a letter that has not ended is `stale`: nobody here knows whether it still holds.
 */
export function judge(letter, now, { list, least }, { atSite, today }) {
  if (now >= letter.holdsUntil) return "expired";
  if (letter.sequence < least) return "superseded";
  if (!list || now >= list.until) return "stale";
  if (!atSite) return "holds";
  if (letter.site !== atSite) return "other_site";
  return today(letter.startsAt, letter.zone) === today(now, letter.zone) ? "holds" : "other_day";
}

/** What stands for a reference in the list. */
async function hashOf(reference) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(reference)));
  return Array.from(hash.subarray(0, HASH_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function unwrapped(text) {
  const typed = text.includes("_") ? text.replace(/[ \u00a0]/g, "") : text; // where spaces are written as `_`, any other one was added
  const plain = typed.toUpperCase().replaceAll("_", " ").replace(LINES, "").trimStart();
  if (!plain.startsWith(PREFIX) || plain.length > MOST_TEXT) throw new Malformed(`not a text that begins with ${PREFIX}`);
  try {
    return await unpacked(bytesOf(plain.slice(PREFIX.length)));
  } catch (error) {
    throw new Malformed("a symbol is missing or is another one", { cause: error });
  }
}

/** What is packed in these bytes; reading stops as soon as it is more than a letter can be. */
async function unpacked(packed) {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const bytes = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (bytes.length + part.value.length > MOST_BYTES) {
      reader.cancel().catch(() => {});
      throw new RangeError("too long");
    }
    bytes.push(...part.value);
  }
  return Uint8Array.from(bytes);
}

function letterIn(payload) {
  const claims = read(payload);
  const [holdsUntil, content] = [claims.get(EXP), claims.get(CONTENT)];
  if (!Number.isInteger(holdsUntil) || !Array.isArray(content) || content.length !== 8 || content[0] !== VERSION) {
    throw new Malformed("signed by us, but no letter of a version that is known here");
  }
  const [, reference, site, startsAt, zone, party, language, sequence] = content;
  return { reference, site, startsAt, zone, party, language, sequence, holdsUntil };
}
