// Runs before anything is drawn, so that neither theme nor language flashes. A file of its own because the page's
// policy allows no inline script. The two keys are written by src/stores/preferences.ts.
(function () {
  const root = document.documentElement
  let theme = null
  let locale = null
  try {
    theme = localStorage.getItem('tessera.theme')
    locale = localStorage.getItem('tessera.locale')
  }
  catch { /* storage refused: the system's choices are used */ }
  const dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  root.classList.toggle('dark', dark)
  if (locale !== 'zh-CN' && locale !== 'en') {
    locale = /^zh/i.test(navigator.language || '')
      ? 'zh-CN'
      : 'en'
  }
  root.lang = locale
})()
