import type { Plugin } from 'vite'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const compressible = /\.(?:js|css|html|svg|json|txt|webmanifest)$/
// Below this a compressed body saves less than the header that announces it.
const smallest = 512

/** Writes a `.br` and a `.gz` beside each text file of the build, so that the server never compresses while serving. */
export function compressAssets(): Plugin {
  let outDir = ''
  return {
    name: 'tessera:compress-assets',
    apply: 'build',
    configResolved(config) {
      outDir = config.build.outDir
    },
    async closeBundle(error?: Error) {
      if (!error)
        await compressTree(outDir)
    },
  }
}

async function compressTree(dir: string): Promise<void> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile() && compressible.test(entry.name))
  await Promise.all(files.map(file => compressFile(join(file.parentPath, file.name))))
}

async function compressFile(path: string): Promise<void> {
  const body = await readFile(path)
  if (body.length < smallest)
    return
  const [brotli, zipped] = await Promise.all([
    promisify(brotliCompress)(body, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11 },
    }),
    promisify(gzip)(body, { level: 9 }),
  ])
  await Promise.all([
    writeFile(`${path}.br`, brotli),
    writeFile(`${path}.gz`, zipped),
  ])
}
