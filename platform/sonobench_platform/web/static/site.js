// Moments in the reader's own time zone, with the zone named; the server wrote them in UTC. And what is left until some of them.
const language = document.documentElement.lang;
const inFull = new Intl.DateTimeFormat(language, {
  day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
});

for (const moment of document.querySelectorAll("time[datetime*='T']")) {
  const at = new Date(moment.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  moment.title = moment.textContent;
  moment.textContent = inFull.format(at);
}

const MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const counted = (count, unit) => new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(count);

/** The two largest parts of a length of time, as the server writes it. */
function inWords(seconds, shortest) {
  const days = Math.floor(seconds / DAY), hours = Math.floor((seconds % DAY) / HOUR), minutes = Math.floor((seconds % HOUR) / MINUTE);
  const parts = [
    days ? counted(days, "day") : "",
    hours ? counted(hours, "hour") : "",
    minutes && !days ? counted(minutes, "minute") : "",
  ];
  return parts.filter(Boolean).join(" ") || shortest;
}

/** Changes the words in their place: nothing else moves, and nothing is read out by itself. */
function count() {
  for (const words of document.querySelectorAll("[data-until]")) {
    const seconds = (new Date(words.dataset.until) - Date.now()) / 1000;
    const said = seconds > 0 ? words.dataset.pattern.replace("{left}", inWords(seconds, words.dataset.shortest)) : words.dataset.past;
    if (words.textContent !== said) words.textContent = said;
  }
}

if (document.querySelector("[data-until]")) {
  count();
  setInterval(count, MINUTE * 1000);
}

// Buttons that copy a text of the page; without a clipboard they stay hidden.
for (const button of navigator.clipboard ? document.querySelectorAll("button[data-copies]") : []) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.nextElementSibling.textContent = button.dataset.done;
  });
}
