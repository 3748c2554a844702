/** In a demo, a sample login fills the form. */
for (const press of document.querySelectorAll(".samples button")) {
  press.addEventListener("click", () => {
    const { name = "", password = "" } = press instanceof HTMLElement ? press.dataset : {};
    const field = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (document.getElementById(id));
    field("id_username").value = name;
    field("id_password").value = password;
    field("id_password").form?.requestSubmit();
  });
}
