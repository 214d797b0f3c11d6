// Boxes of a table: one box checks them all, and a line tells how many are checked. Without this each is checked by hand.
for (const all of document.querySelectorAll("input[data-all]")) {
  const form = all.form;
  const boxes = [...form.querySelectorAll(`input[type="checkbox"][name="${all.dataset.all}"]`)];
  const told = form.querySelector("[data-count]");
  const tell = () => {
    const count = boxes.filter((box) => box.checked).length;
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
    if (told) told.textContent = told.dataset.count.replace("{count}", String(count));
  };
  all.closest("[hidden]")?.removeAttribute("hidden");
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  for (const box of boxes) box.addEventListener("change", tell);
  tell();
}
