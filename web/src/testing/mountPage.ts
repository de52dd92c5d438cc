import type { Component } from 'vue'
import type { PublicConfig } from '@/api/types'
import type { Locale } from '@/stores/preferences'
import ui from '@nuxt/ui/vue-plugin'
import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { createMemoryHistory, createRouter } from 'vue-router'
import { i18n, useLocaleMessages } from '@/i18n'
import { usePublicConfig } from '@/stores/publicConfig'

export const demoConfig: PublicConfig = {
  mode: 'embedded',
  site_name: 'Tessera',
  version: '0.0.0',
  demo: false,
  external_url: 'http://localhost:3000',
  anon_key: 'anon',
  supabase: null,
  signup_enabled: true,
  anonymous_enabled: true,
  autoconfirm: false,
  password_min_length: 8,
  test_users_enabled: true,
  passkeys_enabled: false,
  passkeys_off: '',
  sources: [],
  simulators: [],
}

const names = [
  'home',
  'login',
  'register',
  'check-inbox',
  'confirm',
  'forgot-password',
  'reset-password',
  'api-docs',
  'jwt-test',
  'profile',
  'admin-users',
  'admin-sources',
  'not-found',
  'security',
]

interface Options {
  props?: Record<string, unknown>
  slots?: Record<string, string>
  locale?: Locale
  config?: Partial<PublicConfig>
  at?: string
}

/** Mounts a component as the app would: messages, library, router with the app's route names, and the server's settings. */
export async function mountPage(component: Component, options: Options = {}) {
  const pinia = createPinia()
  setActivePinia(pinia)
  usePublicConfig().loaded = {
    ...demoConfig,
    ...options.config,
  }
  await useLocaleMessages(options.locale ?? 'en')
  const empty = { template: '<i />' }
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      ...names.map(name => ({ path: `/${name}`, name, component: empty })),
      { path: '/admin/users/:id', name: 'admin-user', component: empty },
      { path: '/:rest(.*)*', component: empty },
    ],
  })
  await router.push(options.at ?? '/')
  const wrapper = mount(component, {
    props: options.props,
    slots: options.slots,
    attachTo: document.body,
    global: {
      plugins: [pinia, i18n, router, ui],
    },
  })
  await flushPromises()
  return { wrapper, router }
}
