// A small client of tus 1.0 (creation, PATCH in slices, HEAD to go on, termination), for the page that hands images in.
// What was sent stays sent: after a broken line, a reload or a restart the same file goes on where it stopped.

const API = "/api/v1/uploads";
const PREFIX = "sonobench upload ";
const SMALLEST_SLICE = 1 << 20;
const LARGEST_SLICE = 16 << 20;
const SLICE_S = 4;
const LONGEST_PAUSE_S = 30;
const SILENCE_MS = 60_000;
const FINISHING_MS = 15 * 60_000;
const SPEED_OVER_MS = 8_000;
const GONE = new Set([404, 410]);
const SIGNED_OUT = new Set([401, 403]);
const PASSING = new Set([0, 408, 409, 423, 425, 429, 460, 500, 502, 503, 504]);

// An end that trying again does not change. `key` names its sentence; `detail` is the server's own.
class Stop extends Error {
  constructor(key, detail = "") {
    super(detail || key);
    this.key = key;
    this.detail = detail;
  }
}

// What this browser remembers of unfinished uploads, by team, challenge, phase and file.
const memory = {
  key(place, file) {
    return PREFIX + JSON.stringify([place.team, place.challenge, place.phase, file.name, file.size, file.lastModified]);
  },
  keep(key, record) {
    try { localStorage.setItem(key, JSON.stringify(record)); } catch { /* full or forbidden: then a reload begins anew */ }
  },
  forget(key) {
    try { localStorage.removeItem(key); } catch { /* as above */ }
  },
  find(key) {
    try { return JSON.parse(localStorage.getItem(key) ?? "null"); } catch { return null; }
  },
  all(team, challenge) {
    let keys = [];
    try { keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)); } catch { /* as above */ }
    const found = keys.map((key) => {
      const [ofTeam, ofChallenge, phase, name, size, modified] = JSON.parse(key.slice(PREFIX.length));
      return { key, team: ofTeam, challenge: ofChallenge, phase, name, size, modified, record: this.find(key) };
    });
    return found.filter((each) => each.team === team && each.challenge === challenge && each.record);
  },
};

// One request. Never rejects: status 0 where the line broke, fell silent or was cut by `signal`.
function ask(method, url, { headers = {}, body = null, onSent = null, signal = null } = {}) {
  return new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    let silence = null;
    const listen = (ms) => { clearTimeout(silence); silence = setTimeout(() => xhr.abort(), ms); };
    const end = () => {
      clearTimeout(silence);
      signal?.removeEventListener("abort", cut);
      resolve({ status: xhr.status, header: (name) => xhr.getResponseHeader(name), problem: problemOf(xhr) });
    };
    const cut = () => xhr.abort();
    xhr.open(method, url);
    for (const [name, value] of Object.entries({ "Tus-Resumable": "1.0.0", ...headers })) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = (event) => { listen(SILENCE_MS); onSent?.(event.loaded); };
    xhr.upload.onload = () => listen(FINISHING_MS); // with the last slice the server looks through the whole image
    xhr.onloadend = end;
    signal?.addEventListener("abort", cut);
    listen(SILENCE_MS);
    xhr.send(body);
  });
}

function problemOf(xhr) {
  try { return JSON.parse(xhr.responseText); } catch { return {}; }
}

function base64(bytes) {
  let text = "";
  for (const each of bytes) text += String.fromCharCode(each);
  return btoa(text);
}

function metadata(values) {
  const said = Object.entries(values).filter(([, value]) => value !== "");
  return said.map(([name, value]) => `${name} ${base64(new TextEncoder().encode(value))}`).join(",");
}

// How fast bytes went over the last seconds.
class Speed {
  constructor() { this.samples = []; }
  add(bytes) {
    const now = performance.now();
    this.samples.push([now, bytes]);
    while (this.samples.length > 2 && now - this.samples[0][0] > SPEED_OVER_MS) this.samples.shift();
  }
  reset() { this.samples = []; }
  get perS() {
    const first = this.samples[0], last = this.samples.at(-1);
    const ms = first ? last[0] - first[0] : 0;
    return ms >= 500 && last[1] > first[1] ? ((last[1] - first[1]) / ms) * 1000 : null;
  }
}

// One file on its way. `view` is told what happens.
class Upload {
  constructor(file, place, view) {
    Object.assign(this, { file, place, view, key: memory.key(place, file), offset: 0, url: null, submission: null });
    this.isPaused = false;
    this.isCanceled = false;
    this.slice = SMALLEST_SLICE;
    this.speed = new Speed();
    this.line = new AbortController();
    this.wake = () => {};
    addEventListener("online", () => this.wake());
    addEventListener("offline", () => this.line.abort());
  }

  async run() {
    await this.open();
    while (!this.isCanceled && this.offset < this.file.size) await this.step();
    if (this.isCanceled) return;
    memory.forget(this.key);
    this.view.whole(this.submission);
  }

  // Finds the upload that this file began before, or begins one.
  async open() {
    const known = memory.find(this.key);
    if (known) {
      Object.assign(this, { url: known.url, submission: known.submission, offset: known.offset });
      await this.patiently(() => this.locate());
      return;
    }
    await this.patiently(async () => this.begun(await this.create()));
  }

  create() {
    const { challenge, phase, note } = this.place;
    const said = metadata({ challenge, phase, note, filename: this.file.name });
    return ask("POST", API, { headers: { ...this.view.secret, "Upload-Length": this.file.size, "Upload-Metadata": said } });
  }

  begun(answer) {
    if (answer.status === 201) {
      this.url = answer.header("Location");
      this.submission = answer.header("Sonobench-Submission");
      this.remember();
    }
    return answer;
  }

  // Where the server is. An upload that is over is forgotten.
  async locate() {
    const answer = await ask("HEAD", this.url);
    if (GONE.has(answer.status)) {
      memory.forget(this.key);
      throw new Stop("gone");
    }
    if (answer.status === 200) {
      this.offset = Number(answer.header("Upload-Offset"));
      this.submission = answer.header("Sonobench-Submission") ?? this.submission;
      this.remember();
    }
    return answer;
  }

  async step() {
    if (this.isPaused) return this.rest(null);
    this.line = new AbortController();
    const before = this.offset, began = performance.now();
    const answer = await this.send(await this.read());
    if (answer.status === 204) {
      this.offset = Number(answer.header("Upload-Offset"));
      this.remember();
      this.fit((this.offset - before) / Math.max(0.05, (performance.now() - began) / 1000));
      return;
    }
    this.speed.reset();
    if (this.isPaused || this.isCanceled) return;
    this.refuse(answer);
    await this.pause(answer, 1);
    await this.patiently(() => this.locate());
  }

  // Slices that take a few seconds each: a broken line costs no more.
  fit(perS) {
    this.slice = Math.min(LARGEST_SLICE, Math.max(SMALLEST_SLICE, Math.round(perS * SLICE_S)));
  }

  async read() {
    try {
      return await this.file.slice(this.offset, this.offset + this.slice).arrayBuffer();
    } catch {
      throw new Stop("changed");
    }
  }

  async send(bytes) {
    const headers = { ...this.view.secret, "Content-Type": "application/offset+octet-stream", "Upload-Offset": this.offset };
    if (globalThis.crypto?.subtle) {
      headers["Upload-Checksum"] = `sha256 ${base64(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)))}`;
    }
    const onSent = (sent) => {
      this.speed.add(this.offset + sent);
      this.view.moved(this.offset + sent, this.file.size, this.speed.perS);
    };
    return ask("PATCH", this.url, { headers, body: bytes, onSent, signal: this.line.signal });
  }

  // Asks again, with growing pauses, until there is an answer.
  async patiently(question) {
    for (let turn = 1; !this.isCanceled; turn += 1) {
      const answer = await question();
      if (answer.status >= 200 && answer.status < 300) return;
      this.refuse(answer);
      await this.pause(answer, turn);
    }
  }

  refuse({ status, problem }) {
    if (GONE.has(status) && this.url) {
      memory.forget(this.key);
      throw new Stop("gone");
    }
    if (SIGNED_OUT.has(status) && problem.code !== "entry-pending" && problem.code !== "entry-refused") throw new Stop("signedout");
    const isMoved = status === 409 && this.url && problem.code !== "challenge-closed";
    if (!PASSING.has(status) || (status === 409 && !isMoved) || (status === 429 && !this.url)) throw new Stop("", problem.detail);
  }

  async pause(answer, turn) {
    const asked = Number(answer.header?.("Retry-After"));
    const seconds = Math.min(LONGEST_PAUSE_S, Math.max(2 ** (turn - 1), asked || 0));
    this.view.waits(this.offset, this.file.size, seconds);
    await this.rest(seconds * 1000);
  }

  // Until the time is over, the device is online again, or the reader goes on; null: until the reader does.
  rest(ms) {
    return new Promise((resolve) => {
      const timer = ms === null ? null : setTimeout(resolve, ms);
      this.wake = () => { clearTimeout(timer); resolve(); };
    });
  }

  remember() {
    memory.keep(this.key, { url: this.url, submission: this.submission, offset: this.offset });
  }

  async toggle() {
    this.isPaused = !this.isPaused;
    if (this.isPaused) {
      this.line.abort();
      this.view.paused(this.offset, this.file.size);
      return;
    }
    this.view.moved(this.offset, this.file.size, null);
    if (this.url) await this.locate().catch(() => {});
    this.wake();
  }

  async cancel() {
    this.isCanceled = true;
    this.line.abort();
    this.wake();
    memory.forget(this.key);
    if (this.url) await ask("DELETE", this.url, { headers: this.view.secret });
  }
}

// Told to the page's own script without an import: that would name this file without the version in its address.
globalThis.tus = { GONE, Stop, Upload, ask, memory };
