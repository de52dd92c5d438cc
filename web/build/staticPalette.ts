import type { Plugin } from 'vite'

/**
 * Replaces the two run-time plugins of Nuxt UI that write a `<style>` element (palette and document head) by nothing.
 * A `style-src 'self'` policy refuses such an element; src/styles/colors.css holds the same palette as a file.
 */
export function staticPalette(): Plugin {
  const writesStyle = /@nuxt\/ui\/dist\/runtime\/(?:plugins\/colors|vue\/plugins\/head)\.js$/
  return {
    name: 'tessera:static-palette',
    enforce: 'pre',
    load(id) {
      if (writesStyle.test(id.replaceAll('\\', '/')))
        return 'export default { install() {} }'
    },
  }
}
