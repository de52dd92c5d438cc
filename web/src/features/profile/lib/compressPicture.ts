/** What the server keeps at most of a picture, in bytes. */
export const maxPictureBytes = 102_400

const sides = [512, 448, 384, 320, 256, 192]
const qualities = [0.9, 0.8, 0.7, 0.6, 0.5]

/** A picture that is ready to be sent. `dataUrl` holds it in base64. */
export interface CompressedPicture { dataUrl: string, bytes: number, width: number, height: number }

/**
 * Makes a picture fit, in the finest step that does. Drawing it anew leaves out places and whatever else the file said.
 * The server does the same once more and decides; this is so that a large photo need not be sent.
 */
export async function compressPicture(source: HTMLCanvasElement): Promise<CompressedPicture> {
  for (const side of sides) {
    const canvas = shrunk(source, side)
    for (const quality of qualities) {
      const blob = await encoded(canvas, quality)
      if (blob.size <= maxPictureBytes) {
        return {
          dataUrl: await dataUrlOf(blob),
          bytes: blob.size,
          width: canvas.width,
          height: canvas.height,
        }
      }
    }
  }
  throw new Error('no step fits')
}

function shrunk(source: HTMLCanvasElement, side: number): HTMLCanvasElement {
  const scale = Math.min(1, side / Math.max(source.width, source.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(source.width * scale))
  canvas.height = Math.max(1, Math.round(source.height * scale))
  const context = canvas.getContext('2d')!
  context.imageSmoothingQuality = 'high'
  context.drawImage(source, 0, 0, canvas.width, canvas.height)
  return canvas
}

// A browser that cannot write WebP writes PNG instead, and says so.
async function encoded(canvas: HTMLCanvasElement, quality: number): Promise<Blob> {
  const webp = await blobOf(canvas, 'image/webp', quality)
  return webp.type === 'image/webp'
    ? webp
    : blobOf(canvas, 'image/jpeg', quality)
}

function blobOf(canvas: HTMLCanvasElement, type: string, quality: number): Promise<Blob> {
  return new Promise((resolve, reject) => canvas.toBlob(blob => blob
    ? resolve(blob)
    : reject(new Error(`${type} cannot be written`)), type, quality))
}

function dataUrlOf(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result as string)
    reader.onerror = () => reject(new Error('the picture cannot be read back', { cause: reader.error }))
    reader.readAsDataURL(blob)
  })
}
