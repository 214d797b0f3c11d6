// Charts that answer: each picture gets a button that draws it anew in the browser. Without this script the pictures are all there is.
const page = document.getElementById("studies");
const dark = matchMedia("(prefers-color-scheme: dark)");
let bundle;

/** The drawing program, once; it evaluates no code, which the page's policy would not let it. */
function drawer() {
  bundle ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = page.dataset.bundle;
    script.onload = () => done(window.vegaEmbed);
    script.onerror = () => { bundle = undefined; failed(new Error("the drawing program did not come")); };
    document.head.append(script);
  });
  return bundle;
}

async function specOf(figure) {
  const answer = await fetch(dark.matches ? figure.dataset.specDark : figure.dataset.spec);
  if (!answer.ok) throw new Error(`the chart did not come: ${answer.status}`);
  const spec = await answer.json();
  delete spec.$schema; // the version that it was written for, of which the drawing program would only complain
  return spec;
}

function element(kind, className, text = "") {
  const made = document.createElement(kind);
  made.className = className;
  made.textContent = text;
  return made;
}

const plain = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 4 });
const written = (value) => (typeof value === "number" ? plain.format(value) : value === null ? "–" : String(value));
const named = (column) => column.replaceAll("_", " ");

/** What of a row may be told: the columns of the chart's table. */
const told = (row, columns) => columns.filter((column) => row[column] !== undefined).map((column) => [named(column), written(row[column])]);

function tipOf(live, columns) {
  const tip = element("div", "study-tip");
  tip.hidden = true;
  live.append(tip);
  return (_handler, event, _item, value) => {
    const isRow = value && typeof value === "object" && columns[0] in value;
    const lines = isRow ? told(value, columns) : [];
    tip.hidden = lines.length === 0;
    if (tip.hidden) return;
    const list = document.createElement("dl");
    for (const [name, text] of lines) list.append(element("dt", "", name), element("dd", "", text));
    tip.replaceChildren(list);
    const box = live.getBoundingClientRect();
    const left = Math.min(event.clientX - box.left + 14, box.width - tip.offsetWidth);
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${event.clientY - box.top + 14}px`;
  };
}

/** The data set that holds the chart's table: the one whose rows have all its columns. */
function rowsOf(spec, columns) {
  const sets = (spec.data ?? []).map((set) => set.values ?? []);
  return sets.find((rows) => rows.length > 0 && columns.every((column) => column in rows[0])) ?? [];
}

/** Rows by arrow keys, said where screen readers hear it. */
function steps(region, said, rows, columns) {
  let at = -1;
  region.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step === undefined || rows.length === 0) return;
    event.preventDefault();
    at = Math.min(Math.max(at + step, 0), rows.length - 1);
    const place = page.dataset.row.replace("{row}", at + 1).replace("{rows}", rows.length);
    said.textContent = `${place}: ${told(rows[at], columns).map(([name, text]) => `${name} ${text}`).join(", ")}`;
  });
}

class Explorer {
  constructor(figure) {
    this.figure = figure;
    this.picture = figure.querySelector(".study-picture");
    this.button = element("button", "study-explore", page.dataset.explore);
    this.button.type = "button";
    this.button.setAttribute("aria-expanded", "false");
    this.button.setAttribute("aria-describedby", `${figure.id}-takeaway`);
    this.button.addEventListener("click", () => (this.live ? this.close() : this.open()));
    this.tools = figure.querySelector(".study-files");
    this.tools.prepend(this.button);
    figure.addEventListener("keydown", (event) => { if (event.key === "Escape" && this.live) this.close(); });
  }

  async open() {
    const live = element("div", "study-live");
    const region = element("div", "study-canvas");
    const said = element("p", "study-said", page.dataset.loading);
    region.tabIndex = 0;
    region.setAttribute("role", "group");
    region.setAttribute("aria-labelledby", `${this.figure.id}-takeaway`);
    said.setAttribute("role", "status");
    live.append(region, element("p", "study-hint", page.dataset.hint), said);
    this.live = live;
    this.tools.before(live);
    this.button.textContent = page.dataset.close;
    this.button.setAttribute("aria-expanded", "true");
    try {
      const [embed, spec] = await Promise.all([drawer(), specOf(this.figure)]);
      if (this.live !== live) return;
      const columns = spec.usermeta.columns;
      const drawn = await embed(region, spec, {
        mode: "vega", ast: true, actions: false, defaultStyle: false, renderer: "canvas", tooltip: tipOf(live, columns),
      });
      this.drawn = drawn;
      if (this.live !== live) { drawn.finalize(); return; }
      said.textContent = "";
      this.picture.hidden = true;
      steps(region, said, rowsOf(spec, columns), columns);
      region.focus({ preventScroll: true });
    } catch (error) {
      said.textContent = page.dataset.failed;
      region.hidden = true;
      console.warn(error.message);
    }
  }

  close() {
    this.drawn?.finalize();
    this.live.remove();
    this.drawn = this.live = undefined;
    this.picture.hidden = false;
    this.button.textContent = page.dataset.explore;
    this.button.setAttribute("aria-expanded", "false");
    this.button.focus({ preventScroll: true });
  }
}

const explorers = [...document.querySelectorAll(".study[data-spec]")].map((figure) => new Explorer(figure));
dark.addEventListener("change", () => {
  for (const each of explorers) if (each.live) { each.close(); each.open(); }
});
