// Runs before Streamlit's own scripts: dark unless the user chose otherwise, one choice for all pages.
(() => {
  window.__streamlit = { BACKEND_BASE_URL: location.origin };
  const mine = "desk-theme";
  const theirs = `stActiveTheme-${location.pathname}-v2`;
  try {
    localStorage.setItem(theirs, JSON.stringify(localStorage.getItem(mine) ?? "Dark"));
    addEventListener("pagehide", () => localStorage.setItem(mine, JSON.parse(localStorage.getItem(theirs) ?? '"Dark"')));
  } catch {
    // a browser without storage shows the theme that the system prefers
  }
})();
