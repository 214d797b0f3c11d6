// Ranks follow the sliders at once: the server answers with the same part of the page that it would send without a script.
const form = document.getElementById("what-if");
const said = document.getElementById("what-if-said");
const WAIT_MS = 60;
let timer, asking;

// The shortest address: what is as declared is not in it.
function address() {
  const parameters = new URLSearchParams();
  for (const field of form.elements) {
    if (!field.name || field.disabled || field.value === "" || field.value === field.dataset.official) continue;
    parameters.append(field.name, field.value);
  }
  const query = parameters.toString();
  return form.getAttribute("action") + (query ? `?${query}` : "");
}

function show(slider) {
  const output = slider.parentElement.querySelector("output");
  if (output) output.textContent = slider.dataset.before + slider.value + slider.dataset.unit;
}

async function ask() {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const to = address();
  const old = document.getElementById("what-if-found");
  old.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(to + (to.includes("?") ? "&" : "?") + "part=rows", { signal, headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.statusText);
    const read = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("what-if-found");
    if (signal.aborted || !read) return;
    const open = [...old.querySelectorAll("details")].map((each) => each.open);
    read.querySelectorAll("details").forEach((each, number) => { each.open = open[number] ?? false; });
    old.replaceWith(read);
    if (said.textContent !== read.dataset.said) said.textContent = read.dataset.said;
    history.replaceState(null, "", to);
  } catch (error) {
    if (error.name === "AbortError") return;
    old.removeAttribute("aria-busy");
    said.textContent = form.dataset.failed;
  }
}

if (form && said) {
  form.addEventListener("input", (event) => {
    if (event.target.type === "range") show(event.target);
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    ask();
  });
}
