// Hands an image in from the browser: what is said and asked beside the form while `tus.js` sends the file.
// Without this script the form sends the file in one piece.

const ANNOUNCED_EVERY_MS = 10_000;
const form = document.querySelector("form.upload");
const { GONE, Stop, Upload, ask, memory } = globalThis.tus; // by `tus.js`, which the page loads before

// The form and what is said beside it.
class View {
  constructor(form) {
    this.form = form;
    this.box = document.querySelector("[data-sending]");
    this.texts = document.querySelector("[data-texts]").content;
    this.secret = { "X-CSRF-Token": form.elements.csrf_token.value };
    this.file = form.elements.image;
    this.announcedAt = 0;
    this.upload = null;
    form.querySelector("[data-scripted]").hidden = false;
    form.querySelector("[data-plain]").hidden = true;
    form.addEventListener("submit", (event) => { event.preventDefault(); this.start(); });
    this.file.addEventListener("change", () => this.chosen());
    this.part("[data-pause]").addEventListener("click", () => this.upload?.toggle());
    this.part("[data-cancel]").addEventListener("click", () => this.cancel());
    this.acceptDrops(form.querySelector("[data-drop]"));
    this.showStopped();
  }

  part(selector) { return this.box.querySelector(selector); }

  text(key, values = {}) {
    const pattern = this.texts.querySelector(`[data-text="${key}"]`).textContent;
    return pattern.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  }

  acceptDrops(zone) {
    const over = (event) => { event.preventDefault(); zone.classList.add("over"); };
    zone.addEventListener("dragenter", over);
    zone.addEventListener("dragover", over);
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      if (!event.dataTransfer.files.length) return;
      this.file.files = event.dataTransfer.files;
      this.chosen();
    });
  }

  get phases() {
    return [...this.form.querySelectorAll("[name=phase]")];
  }

  place(phase) {
    const { challenge, team } = this.form.dataset;
    return { challenge, team, phase, note: this.form.elements.note.value.trim() };
  }

  // A file that stopped on its way goes on at once: its attempt is taken already.
  chosen() {
    this.error("");
    const file = this.file.files[0];
    if (!file || this.upload) return;
    const { challenge, team } = this.form.dataset;
    const known = memory.all(team, challenge).find(
      (each) => each.name === file.name && each.size === file.size && each.modified === file.lastModified);
    if (known) this.go(file, this.place(known.phase));
    else this.fits(file);
  }

  start() {
    const file = this.file.files[0];
    if (this.upload) return;
    if (!file) { this.error(this.text("choose")); return; }
    const phase = this.phases.find((each) => each.type === "hidden" || each.checked);
    if (!this.fits(file)) return;
    if (phase.dataset.free !== "yes") { this.error(this.text("quota", { left: phase.dataset.left })); return; }
    this.go(file, this.place(phase.value));
  }

  fits(file) {
    const { mostBytes, mostWords } = this.form.dataset;
    let wrong = "";
    if (file.size === 0) wrong = this.text("empty");
    if (file.size > Number(mostBytes)) wrong = this.text("large", { size: bytes(file.size), most: mostWords });
    this.error(wrong);
    return !wrong;
  }

  async go(file, place) {
    this.upload = new Upload(file, place, this);
    this.box.hidden = false;
    this.form.hidden = true;
    document.querySelector("[data-stopped]").replaceChildren();
    this.part("[data-name]").textContent = file.name;
    this.moved(memory.find(this.upload.key)?.offset ?? 0, file.size, null);
    this.part("[data-pause]").focus();
    try {
      await this.upload.run();
    } catch (stop) {
      if (!(stop instanceof Stop)) throw stop;
      this.stopped(stop);
    }
  }

  moved(sent, size, perS) {
    const said = { percent: percent(sent, size), sent: bytes(sent), size: bytes(size) };
    if (perS === null) this.say(this.text("begins", said), sent / size);
    else this.say(this.text("figures", { ...said, speed: bytes(perS), left: this.span((size - sent) / perS) }), sent / size);
    this.part("[data-pause]").textContent = this.text("pause");
  }

  paused(sent, size) {
    this.announce(this.say(this.text("paused", { percent: percent(sent, size) }), sent / size));
    this.part("[data-pause]").textContent = this.text("resume");
  }

  waits(sent, size, seconds) {
    const key = navigator.onLine ? "waits" : "offline";
    this.announce(this.say(this.text(key, { percent: percent(sent, size), seconds }), sent / size));
  }

  whole(submission) {
    this.announce(this.say(this.text("whole"), 1));
    location.assign(`/submissions/${encodeURIComponent(submission)}`);
  }

  stopped(stop) {
    const { offset, file } = this.upload;
    const sentence = stop.detail || this.text(stop.key || "gone", { percent: percent(offset, file.size) });
    this.reset();
    this.error(sentence);
    this.announce(sentence);
    this.showStopped();
  }

  async cancel() {
    await this.upload?.cancel();
    this.reset();
    this.announce(this.text("canceled"));
    this.form.querySelector("[data-error]").hidden = true;
  }

  reset() {
    this.upload = null;
    this.box.hidden = true;
    this.form.hidden = false;
    this.file.value = "";
    this.file.focus();
  }

  error(sentence) {
    const place = this.form.querySelector("[data-error]");
    place.textContent = sentence;
    place.hidden = !sentence;
    if (sentence) this.file.setAttribute("aria-invalid", "true");
    else this.file.removeAttribute("aria-invalid");
  }

  say(sentence, share) {
    this.part("[data-figures]").textContent = sentence;
    this.part("[data-progress]").value = Math.floor(share * 1000);
    if (Date.now() - this.announcedAt >= ANNOUNCED_EVERY_MS) this.announce(sentence);
    return sentence;
  }

  announce(sentence) {
    this.announcedAt = Date.now();
    document.querySelector("[data-status]").textContent = sentence;
  }

  span(seconds) {
    const [key, n] = seconds < 90 ? ["seconds", seconds] : seconds < 5400 ? ["minutes", seconds / 60] : ["hours", seconds / 3600];
    return this.text(key, { n: Math.max(1, Math.round(n)) });
  }

  // Uploads that stopped in this browser, each with a way to go on and a way to end it.
  async showStopped() {
    const { challenge, team } = this.form.dataset;
    const lines = await Promise.all(memory.all(team, challenge).map((each) => this.stoppedLine(each)));
    document.querySelector("[data-stopped]").replaceChildren(...lines.filter(Boolean));
  }

  async stoppedLine({ key, name, size, record }) {
    const answer = await ask("HEAD", record.url);
    const sent = answer.status === 200 ? Number(answer.header("Upload-Offset")) : record.offset;
    if (GONE.has(answer.status) || sent >= size) memory.forget(key);
    if (GONE.has(answer.status)) return null;
    if (sent >= size) return line(this.text("finished", { name: isolated(name) }), this.linkTo(record.submission));
    const end = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: this.text("cancel") });
    const made = line(this.text("stopped", { name: isolated(name), percent: percent(sent, size) }), end);
    end.addEventListener("click", () => this.endStopped(made, key, record.url));
    return made;
  }

  linkTo(submission) {
    const address = `/submissions/${encodeURIComponent(submission)}`;
    return Object.assign(document.createElement("a"), { href: address, textContent: this.text("submission") });
  }

  async endStopped(made, key, url) {
    await ask("DELETE", url, { headers: this.secret });
    memory.forget(key);
    made.remove();
    this.announce(this.text("canceled"));
    this.file.focus();
  }
}

// A sentence about an upload of before, and what can be done.
function line(sentence, action) {
  const made = document.createElement("div"), said = document.createElement("p");
  made.className = "note";
  said.textContent = sentence;
  made.append(said, action);
  return made;
}

// A name of any direction, kept from turning the sentence around it.
function isolated(name) { return `\u2068${name}\u2069`; }

function percent(sent, size) { return Math.floor((sent / size) * 100); }

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10));
  const value = count / 1024 ** step;
  const digits = step === 0 || value >= 100 ? 0 : 1;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${new Intl.NumberFormat(document.documentElement.lang, options).format(value)} ${units[step]}`;
}

new View(form);
