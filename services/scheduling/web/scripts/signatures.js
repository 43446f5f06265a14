// COSE_Sign1 (RFC 9052) with ES256, and exactly one way to write each message: the same rules as signatures.py.

import { byteString, read, Tagged } from "./cbor.js";

const SIGN1 = 18;
const COORDINATE = 32;
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const CONTEXT = [0x6a, ...new TextEncoder().encode("Signature1")];
const ES256 = { name: "ECDSA", hash: "SHA-256" };

/** None of our keys signed these bytes as they are. */
export class Forged extends Error {}

/** The keys of a JWK set, by the protected header that names them. */
export async function keysOf(set) {
  return new Map(await Promise.all(set.keys.map(async (jwk) => [spelled(headerOf(jwk.kid)), await publicKey(jwk)])));
}

/** The payload that was signed with one of the keys. Throws: Forged. */
export async function opened(message, keys, isSignedBy = signedBy) {
  const [protectedHeader, payload, signature] = partsOf(message);
  const key = keys.get(spelled(protectedHeader));
  if (!key || !(await isSignedBy(key, protectedHeader, payload, signature))) throw new Forged("the signature is not ours");
  return payload;
}

async function signedBy(key, protectedHeader, payload, signature) {
  if (signature.length !== 2 * COORDINATE) return false;
  const s = BigInt(`0x${spelled(signature.subarray(COORDINATE))}`);
  if (s > ORDER / 2n) return false;
  const toBeSigned = [0x84, ...CONTEXT, ...byteString(protectedHeader), 0x40, ...byteString(payload)];
  return crypto.subtle.verify(ES256, key, signature, Uint8Array.from(toBeSigned));
}

function partsOf(message) {
  const known = readOrForged(message);
  const parts = known instanceof Tagged && known.tag === SIGN1 && Array.isArray(known.value) ? known.value : [];
  const [protectedHeader, unprotected, payload, signature] = parts;
  const areBytes = [protectedHeader, payload, signature].every((part) => part instanceof Uint8Array);
  if (parts.length !== 4 || !areBytes || !(unprotected instanceof Map) || unprotected.size > 0) {
    throw new Forged("not a COSE_Sign1 of ours");
  }
  return [protectedHeader, payload, signature];
}

function readOrForged(message) {
  try {
    return read(message);
  } catch (error) {
    throw new Forged("not written as we write it", { cause: error });
  }
}

function headerOf(kid) {
  return Uint8Array.from([0xa2, 0x01, 0x26, 0x04, ...byteString(new TextEncoder().encode(kid))]);
}

function publicKey({ kty, crv, x, y }) {
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  return crypto.subtle.importKey("jwk", { kty, crv, x, y }, curve, false, ["verify"]);
}

function spelled(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
