// Moments in the reader's own time zone, with the zone named; the server wrote them in UTC.
for (const moment of document.querySelectorAll("time[datetime*='T']")) {
  const at = new Date(moment.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  moment.title = moment.textContent;
  moment.textContent = new Intl.DateTimeFormat(document.documentElement.lang, {
    day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  }).format(at);
}
