import ui from '@nuxt/ui/vue-plugin'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { asFault } from './api/fault'
import App from './App.vue'
import { authGateway } from './features/auth/gateway'
import { i18n, useLocaleMessages } from './i18n'
import BootFailure from './layout/BootFailure.vue'
import { router } from './router'
import { usePreferences } from './stores/preferences'
import { usePublicConfig } from './stores/publicConfig'
import { useSession } from './stores/session'
import './styles/main.css'

// After a new release the chunks of the old page are gone: load the new page once, and give up if that did not help.
window.addEventListener('vite:preloadError', (event) => {
  const key = 'tessera.reloaded-for'
  const failed = String((event as Event & { payload?: Error }).payload?.message ?? '')
  if (sessionStorage.getItem(key) === failed)
    return
  sessionStorage.setItem(key, failed)
  event.preventDefault()
  location.reload()
})

const pinia = createPinia()

/** Everything that the first page needs to know: its words, the server's settings, and who is signed in. */
async function boot(): Promise<void> {
  const config = usePublicConfig(pinia)
  await Promise.all([
    useLocaleMessages(usePreferences(pinia).locale),
    config.load(),
  ])
  const session = useSession(pinia)
  session.connect(await authGateway(config.config))
  await session.restore()
}

async function start(): Promise<void> {
  const failure = await boot().then(() => null, asFault)
  const app = failure
    ? createApp(BootFailure, { fault: failure })
    : createApp(App)
  app.use(pinia)
  app.use(i18n)
  app.use(ui)
  // Installing the router starts the first navigation, whose guard needs what boot has fetched.
  if (!failure)
    app.use(router)
  app.mount('#app')
}

void start()
