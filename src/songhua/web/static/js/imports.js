/** The upload page: a file may be dropped; its name and size are said before it is sent. */
import { say } from "./songhua.js";

const drop = document.getElementById("drop");
const chosen = document.getElementById("chosen");
const field = drop?.querySelector('input[type="file"]');

/** Say which file was chosen. */
function tell() {
  const file = field instanceof HTMLInputElement ? field.files?.[0] : null;
  if (file && chosen) chosen.textContent = `${file.name} · ${(file.size / 2 ** 20).toFixed(file.size > 2 ** 20 ? 1 : 3)} MB`;
}

field?.addEventListener("change", tell);
for (const name of ["dragenter", "dragover"]) {
  drop?.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) drop?.addEventListener(name, () => drop.classList.remove("over"));
drop?.addEventListener("drop", (event) => {
  event.preventDefault();
  const files = event.dataTransfer?.files;
  if (!files?.length || !(field instanceof HTMLInputElement)) return;
  field.files = files;
  tell();
});
document.querySelector("form.upload")?.addEventListener("submit", (event) => {
  const press = event.target instanceof HTMLFormElement ? event.target.querySelector("button.primary") : null;
  if (press instanceof HTMLButtonElement) {
    press.disabled = true;
    press.textContent = say("正在上传…", "Uploading…");
  }
});
