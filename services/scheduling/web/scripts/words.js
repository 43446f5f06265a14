// Dates, times and places in the page's language, from the words that the page brings along: the same as the server says.

/** Fills the {placeholders} of a text. */
export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Says moments. `words`: of the page; `zones`: seconds from which each offset from UTC, in seconds, holds in each zone. */
export class Calendar {
  constructor(words, zones) {
    Object.assign(this, { words, zones });
  }

  /** The date in a zone, as text to compare. */
  today = (seconds, zone) => this.wall(seconds, zone).toISOString().slice(0, 10);

  longDate(wall) {
    const { date, first, weekdays, months } = this.words;
    const weekday = weekdays[(wall.getUTCDay() + 6) % 7];
    const day = wall.getUTCDate() === 1 ? first : wall.getUTCDate();
    return filled(date, { weekday, day, month: months[wall.getUTCMonth()], year: wall.getUTCFullYear() });
  }

  timeOfDay(wall) {
    return filled(this.words.hours[wall.getUTCHours()], { minute: String(wall.getUTCMinutes()).padStart(2, "0") });
  }

  /** A Date whose UTC fields are what a clock on that wall shows. */
  wall(seconds, zone) {
    return new Date((seconds + this.offset(seconds, zone)) * 1000);
  }

  /** By our zone data; by the browser's, which may be older, only for a zone of no site. */
  offset(seconds, zone) {
    const known = this.zones[zone]?.filter(([from]) => from <= seconds).at(-1);
    return known ? known[1] : offsetOfBrowser(seconds, zone);
  }

  /** `UTC-6`, `UTC+5:30`. */
  utcOffset(seconds, zone) {
    const offset = this.offset(seconds, zone);
    const minutes = Math.round(Math.abs(offset) / 60);
    const rest = minutes % 60 ? `:${String(minutes % 60).padStart(2, "0")}` : "";
    return `UTC${offset < 0 ? "-" : "+"}${Math.floor(minutes / 60)}${rest}`;
  }
}

/** What the letter says, as labels and values; a true third one stands out. */
export function factsOf(letter, { words, calendar, sites }) {
  const wall = calendar.wall(letter.startsAt, letter.zone);
  const site = sites[letter.site] ?? { city: letter.site, place: letter.site, address: "" };
  const offset = calendar.utcOffset(letter.startsAt, letter.zone);
  const facts = [
    [words.reference, letter.reference, false],
    [words.day, calendar.longDate(wall), true],
    [words.time, filled(words.time_at, { time: calendar.timeOfDay(wall), city: site.city, offset }), true],
    [words.place, site.place, false],
    [words.address, site.address, false],
    [words.people, String(letter.party), false],
  ];
  return facts.filter(([, value]) => value);
}

function offsetOfBrowser(seconds, zone) {
  const fields = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" };
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", ...fields });
  const part = Object.fromEntries(format.formatToParts(seconds * 1000).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) / 1000 - seconds;
}
