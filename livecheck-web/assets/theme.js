// Sets the theme that was chosen before anything is drawn. The system's own holds where none was.
try {
  const theme = localStorage.getItem("livecheck-theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Without storage the system's theme holds.
}
