// What this device keeps so that the page works without a network: the page, its script and style, and our public lists.

const KEPT = "puente-letters";
const PATIENCE = 5000;
const PAGE = /^\/[a-z]+\/verify$/;

/** The answer of an address, from the network or else as it was kept; none when it never was. */
export async function newest(address) {
  try {
    const answer = await fetch(asAStranger(address), { signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new TypeError(`${answer.status}`);
    await (await caches.open(KEPT)).put(address, answer.clone());
    return { answer, isFresh: true };
  } catch {
    return { answer: await caches.match(address, { cacheName: KEPT }), isFresh: false };
  }
}

/** Keeps these addresses and, in the languages that were looked at before, the page; whatever else was kept goes. */
export async function keep(addresses) {
  const kept = await caches.open(KEPT);
  const before = await kept.keys();
  const pages = before.map(({ url }) => new URL(url).pathname).filter((path) => PAGE.test(path));
  const wanted = [...new Set([...addresses, ...pages])];
  await kept.addAll(wanted.map(asAStranger));
  const stays = new Set(wanted.map((address) => new URL(address, location.href).href));
  await Promise.all(before.filter(({ url }) => !stays.has(url)).map((request) => kept.delete(request)));
}

/** Lets the worker answer for this page, and for the address without a language that stands on letters. */
export async function letWorkerAnswer(worker, page) {
  for (const scope of [page, "/verify"]) await navigator.serviceWorker.register(worker, { scope });
  await navigator.serviceWorker.ready;
}

/** Without cookies: what is kept is the page of nobody. Files whose names change when they do come from where the browser has them. */
function asAStranger(address) {
  return address.startsWith("/assets/") ? new Request(address) : new Request(address, { credentials: "omit", cache: "no-cache" });
}
