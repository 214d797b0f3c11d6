// Keeps a submission's open page up to date: hears from the server that something changed, asks for the parts, and puts those
// that differ in their places. Where it cannot listen it asks every few seconds, more and more seldom while nothing changes.
const live = document.getElementById("live");
const said = document.getElementById("said");
const SHORTEST_MS = 3000, LONGEST_MS = 60000;
let pause = SHORTEST_MS, timer = 0, ended = !live.dataset.events, asking = false, again = false;

const now = () => live.querySelector("[data-live='now']");

function say(words, link) {
  if (said.textContent === words) return;
  said.textContent = words;
  if (link) said.append(" ", Object.assign(document.createElement("a"), link));
}

function stop() {
  ended = true;
  clearTimeout(timer);
}

function take(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const before = now();
  const key = before.dataset.key, stamp = before.dataset.stamp;
  let held = false;
  for (const part of fresh.querySelectorAll("[data-live]")) {
    const here = live.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!here || here.innerHTML === part.innerHTML && here.dataset.stamp === part.dataset.stamp) continue;
    const focused = here.contains(document.activeElement) ? document.activeElement : null;
    if (focused?.closest("form")) {
      held = true; // somebody is typing there
      continue;
    }
    const place = focused ? reachable(here).indexOf(focused) : -1;
    keepOpen(here, part);
    here.replaceWith(document.adoptNode(part));
    if (place >= 0) reachable(part)[place]?.focus({ preventScroll: true });
  }
  const after = now();
  const words = after.dataset.key === key ? "" : `${live.dataset.now} ${after.querySelector("h2").firstChild.textContent.trim()}.`;
  if (held) say(`${words} ${live.dataset.more}`.trim(), { href: live.dataset.here, textContent: live.dataset.reload });
  else if (words) say(words);
  if (!after.querySelector(".again")) stop();
  return after.dataset.stamp !== stamp;
}

function reachable(part) {
  return [...part.querySelectorAll("a[href], summary, [tabindex]")];
}

function keepOpen(old, fresh) {
  const was = [...old.querySelectorAll("details")], is = [...fresh.querySelectorAll("details")];
  is.forEach((each, at) => { if (was[at]?.open) each.open = true; });
}

async function ask() {
  if (asking) { again = true; return false; }
  asking = true;
  try {
    const answer = await fetch(`${live.dataset.here}?part=live`, { headers: { Accept: "*/*" }, cache: "no-store", redirect: "error" });
    if (answer.status === 401) {
      stop();
      say(live.dataset.signedOut, { href: live.dataset.signIn, textContent: live.dataset.signInWords });
    } else if (answer.status === 403 || answer.status === 404) {
      stop();
      say(live.dataset.gone);
    } else if (answer.ok) {
      return take(await answer.text());
    }
    return false;
  } catch {
    return false; // no network for a moment: it is asked again
  } finally {
    asking = false;
    if (again && !ended) { again = false; ask(); }
  }
}

function poll() {
  if (ended) return;
  timer = setTimeout(async () => {
    pause = await ask() ? SHORTEST_MS : Math.min(LONGEST_MS, pause * 1.5);
    poll();
  }, pause);
}

function listen() {
  const source = new EventSource(live.dataset.events);
  source.addEventListener("change", ask);
  source.addEventListener("end", () => source.close());
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return; // it comes back by itself
    // The stream will not be back: there was no seat for this page (204), or it was refused.
    ask().then(poll);
  });
  addEventListener("pagehide", () => source.close());
}

function told(seconds) {
  const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60, rest = seconds % 60;
  if (hours) return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
  if (minutes) return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
  return `${rest} s`;
}

// The server's clock counts, not this machine's: what it said when the page came goes on from there.
const first = new Map();
function tick() {
  for (const each of live.querySelectorAll(".elapsed")) {
    if (each.dataset.step !== "1") continue;
    if (!first.has(each)) first.set(each, { at: performance.now(), seconds: seconds(each.textContent) });
    const from = first.get(each);
    const words = told(Math.floor(from.seconds + (performance.now() - from.at) / 1000));
    if (each.textContent !== words) each.textContent = words;
  }
}

function seconds(words) {
  const sizes = { h: 3600, min: 60, s: 1 };
  return [...words.matchAll(/([\d.]+)\s*(h|min|s)\b/g)].reduce((sum, [, count, unit]) => sum + Number(count) * sizes[unit], 0);
}

if (!ended) {
  if ("EventSource" in window) listen(); else poll();
  setInterval(tick, 1000);
}
