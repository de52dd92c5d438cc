// Writes the theme types that Nuxt UI generates (node_modules/.nuxt-ui), which vue-tsc needs before any build has run.
import { resolveConfig } from 'vite'

void resolveConfig({ logLevel: 'warn' }, 'build')
