// Shows new mail by itself, and copies the code.
const main = document.querySelector('main[data-latest]')
if (main) {
  const query = new URLSearchParams({ to: main.dataset.filter })
  setInterval(async () => {
    const busy = document.hidden || document.activeElement?.matches('input')
    if (busy) return
    const answer = await fetch(`/latest?${query}`).catch(() => null)
    if (answer?.ok && String((await answer.json()).id) !== main.dataset.latest) location.reload()
  }, 2000)
}

for (const button of document.querySelectorAll('button[data-copy]')) {
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent)
    button.textContent = button.dataset.done
  })
}
