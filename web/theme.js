// Runs before anything is drawn: the appearance chosen here, else the system's.
(() => {
  let chosen = null;
  try { chosen = localStorage.getItem('sluice.theme'); } catch { /* storage is off: the system's */ }
  if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.theme = chosen;
})();
