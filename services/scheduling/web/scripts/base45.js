// Base45 (RFC 9285): two bytes are three symbols, a last one alone is two.

const SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/** The bytes of a text. Throws: RangeError when it has another symbol, another length or a number too large. */
export function bytesOf(text) {
  const values = Array.from(text, (symbol) => SYMBOLS.indexOf(symbol));
  if (values.includes(-1) || values.length % 3 === 1) throw new RangeError("not base45");
  const bytes = [];
  for (let at = 0; at < values.length; at += 3) bytes.push(...group(values.slice(at, at + 3)));
  return Uint8Array.from(bytes);
}

function group([first, second, third]) {
  const isPair = third !== undefined;
  const number = first + 45 * second + 45 * 45 * (isPair ? third : 0);
  if (number >= (isPair ? 65536 : 256)) throw new RangeError("not base45");
  return isPair ? [number >> 8, number & 255] : [number];
}
