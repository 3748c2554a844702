/** Light or dark as the reader chose it, before the first paint: Django draws the admin's page itself. */
(() => {
  const chosen = /(?:^|; )theme=(light|dark)/.exec(document.cookie);
  document.documentElement.dataset.theme = chosen ? chosen[1] : "auto";
})();
