// Runs before the first paint, so that the page does not flash in the other colours. Classic, since modules wait.
try {
  const theme = localStorage.getItem('jeton.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked: the system's colours it is.
}
