import { fileURLToPath, URL } from 'node:url'
import VueI18n from '@intlify/unplugin-vue-i18n/vite'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { compressAssets } from './build/compressAssets.ts'
import { staticPalette } from './build/staticPalette.ts'

// The server that `pnpm dev` talks to; `make demo` or `tessera demo` starts one.
const backend = process.env.TESSERA_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [
    staticPalette(),
    vue(),
    ui({
      // Components and functions are imported by name: what a file uses can be read at its top, and vue-tsc sees it.
      autoImport: false,
      components: false,
      colorMode: false,
      dts: false,
      // Icons are part of the bundle, so that a page never asks a foreign host for one.
      icon: {
        clientBundle: { scan: true },
      },
      experimental: { componentDetection: true },
      theme: {
        colors: [
          'primary',
          'success',
          'warning',
          'error',
        ],
      },
      ui: {
        colors: {
          primary: 'teal',
          neutral: 'stone',
          success: 'green',
          warning: 'amber',
          error: 'red',
        },
        // The library's solid hover (75 %) falls below a contrast of 4.5:1.
        button: {
          slots: { base: 'cursor-pointer' },
          compoundVariants: [
            { color: 'primary', variant: 'solid', class: 'hover:bg-primary/90 active:bg-primary/90' },
            { color: 'error', variant: 'solid', class: 'hover:bg-error/90 active:bg-error/90' },
          ],
        },
      },
    }),
    VueI18n({
      // Messages become functions at build time; the page's policy allows no code made from text.
      include: fileURLToPath(new URL('./src/i18n/locales/**', import.meta.url)),
      runtimeOnly: true,
      compositionOnly: true,
      fullInstall: false,
      strictMessage: true,
    }),
    compressAssets(),
  ],
  resolve: {
    alias: {
      '@': fileURLToPath(new URL('./src', import.meta.url)),
    },
  },
  build: {
    target: 'es2022',
    // A data: URL would not pass font-src and img-src everywhere; small files are cheap over one connection.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/api': backend,
      '/auth/v1': backend,
      '/healthz': backend,
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/__tests__/*.spec.ts', 'build/__tests__/*.spec.ts'],
    css: false,
    reporters: ['default', './build/totalReporter.ts'],
    restoreMocks: true,
    setupFiles: ['src/testing/setup.ts'],
  },
})
