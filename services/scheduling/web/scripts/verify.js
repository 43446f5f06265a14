// Checks letters in the browser, so that the page works without a network. Without this script its form asks the server.

import { canScan, scan } from "./camera.js";
import { keep, letWorkerAnswer, newest } from "./kept.js";
import { listOf, readable, verdictOn } from "./letters.js";
import { keysOf } from "./signatures.js";
import { Calendar, factsOf, filled } from "./words.js";

const byId = (id) => document.getElementById(id);
const form = byId("letter").form;
const TAKEN_ALONG = "puente-taken-along";

/** The keys, the list of superseded letters and the places; null without keys or places, for then nothing can be checked here. */
async function references({ keys, superseded, places }) {
  const [set, signed, known] = await Promise.all([keys, superseded, places].map(newest));
  if (!set.answer || !known.answer) return null;
  const ours = await keysOf(await set.answer.json());
  const list = signed.answer ? await listOf(new Uint8Array(await signed.answer.arrayBuffer()), ours).catch(() => null) : null;
  return { ours, list, isFresh: signed.isFresh, ...(await known.answer.json()) };
}

async function check(words) {
  const text = form.elements.letter.value;
  if (!text.trim()) return refuse();
  const known = await references(words.addresses);
  if (!known) return form.submit();
  const calendar = new Calendar(words, known.zones);
  const door = { atSite: form.elements.site.value, today: calendar.today };
  const { letter, verdict } = await verdictOn(text, Date.now() / 1000, known, door);
  const facts = letter ? factsOf(letter, { words, calendar, sites: known.sites }) : [];
  show(words, verdict, facts, notes(words, known, letter, calendar));
  if (verdict !== "unreadable") form.elements.letter.value = "";
}

/** How old the list is, if it could not be fetched now and matters. */
function notes(words, { list, isFresh }, letter, calendar) {
  if (isFresh || !list || !letter) return "";
  const made = new Date((list.from - new Date(list.from * 1000).getTimezoneOffset() * 60) * 1000);
  return filled(words.offline, { date: calendar.longDate(made), time: calendar.timeOfDay(made) });
}

function show(words, verdict, facts, note) {
  clearError();
  const answer = byId("answer").content.cloneNode(true);
  const heading = byId("said").querySelector("h1");
  heading.textContent = words.headings[verdict] ?? words.headings.not;
  answer.querySelector("[data-text]").textContent = words.verdicts[verdict];
  answer.querySelector("[data-note]").textContent = note;
  answer.querySelector("[data-note]").hidden = !note;
  const list = answer.querySelector("dl");
  const row = list.firstElementChild;
  list.replaceChildren(...facts.map((fact) => rowOf(row.cloneNode(true), fact)));
  answer.querySelector("[data-facts]").hidden = !facts.length;
  byId("said").replaceChildren(heading, answer);
  heading.tabIndex = -1;
  heading.focus();
  document.title = `${heading.textContent} – ${words.site_name}`;
}

function rowOf(row, [label, value, standsOut]) {
  row.querySelector("dt").textContent = label;
  row.querySelector("dd").textContent = value.replace("UTC-", "UTC\u2212"); // a true minus, at which no line ends
  row.querySelector("dd").classList.toggle("puente-strong", standsOut);
  return row;
}

function refuse() {
  clearError();
  const error = byId("empty").content.cloneNode(true);
  byId("said").prepend(error);
  const field = form.elements.letter;
  field.before(byId("letter-empty").content.cloneNode(true));
  field.setAttribute("aria-describedby", "letter-error");
  byId("said").querySelector(".govuk-error-summary").focus();
}

function clearError() {
  byId("said").querySelector(".govuk-error-summary")?.remove();
  byId("letter-error")?.remove();
  form.elements.letter.removeAttribute("aria-describedby");
}

/** Takes what was typed along into the page of another language, which may be a kept one, and forgets it there. */
function takeAlong(event) {
  event.preventDefault();
  const { letter, site } = form.elements;
  sessionStorage.setItem(TAKEN_ALONG, JSON.stringify({ letter: letter.value, site: site.value }));
  location.assign(event.currentTarget.formAction);
}

function bring() {
  const taken = JSON.parse(sessionStorage.getItem(TAKEN_ALONG));
  sessionStorage.removeItem(TAKEN_ALONG);
  for (const [name, value] of Object.entries(taken ?? {})) form.elements[name].value = value;
}

async function offerCamera(words) {
  if (!(await canScan())) return;
  const [start, stop, view] = ["scan", "scan-stop", "scan-view"].map(byId);
  start.hidden = false;
  start.addEventListener("click", async () => {
    byId("scan-refused").hidden = true;
    try {
      const scanning = await scan(view.querySelector("video"), "NI1:");
      view.hidden = !(start.hidden = true);
      stop.onclick = scanning.stop;
      stop.focus();
      const text = await scanning.text;
      view.hidden = !(start.hidden = false);
      if (text === null) return start.focus();
      form.elements.letter.value = readable(text);
      await check(words);
    } catch {
      byId("scan-refused").hidden = false;
    }
  });
}

async function prepare() {
  const words = JSON.parse(byId("words").textContent);
  bring();
  for (const button of document.querySelectorAll("button[name=in-language]")) button.addEventListener("click", takeAlong);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    check(words).catch(() => form.submit());
  });
  await offerCamera(words);
  await keep([location.pathname, ...words.keep, ...Object.values(words.addresses)]);
  await letWorkerAnswer(words.worker, location.pathname);
  byId("kept").hidden = false;
}

if (globalThis.crypto?.subtle && "DecompressionStream" in window && navigator.serviceWorker) prepare().catch(() => {});
