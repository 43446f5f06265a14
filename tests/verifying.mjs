// The portal's script without a browser: what it says of the letters that stdin asks about. Used by tests/unit/test_letters_script.py.

import { text } from "node:stream/consumers";

const asked = JSON.parse(await text(process.stdin));
const load = (name) => import(`${asked.scripts}/${name}.js`);
const [{ listOf, verdictOn }, { keysOf }, { Calendar, factsOf }] = await Promise.all(["letters", "signatures", "words"].map(load));

const ours = await keysOf(asked.keys);
const list = asked.list && (await listOf(Uint8Array.from(Buffer.from(asked.list, "hex")), ours));
const calendar = new Calendar(asked.words, asked.places.zones);
const door = { atSite: asked.at_site, today: calendar.today };
const believing = asked.believing ? [async () => true] : [];

const said = [];
for (const letter of asked.texts) {
  const found = await verdictOn(letter, asked.now, { ours, list }, door, ...believing).catch(() => ({ verdict: "broken" }));
  const facts = found.letter && !asked.believing ? factsOf(found.letter, { words: asked.words, calendar, sites: asked.places.sites }) : [];
  said.push({ verdict: found.verdict, facts });
}
console.log(JSON.stringify(said));
