// A button beside every block of commands that copies it. Without JavaScript, or a clipboard, there is none.
const words = { copy: "Copy", copied: "Copied" };

function addButton(figure) {
  const code = figure.querySelector("code");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = words.copy;
  button.setAttribute("aria-describedby", figure.querySelector("figcaption").id);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = words.copied;
    setTimeout(() => { button.textContent = words.copy; }, 2000);
  });
  figure.append(button);
}

if (navigator.clipboard) document.querySelectorAll("figure.commands").forEach(addButton);
