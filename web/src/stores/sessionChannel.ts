interface Listeners {
  onSignedIn: (userId: string) => void
  onSignedOut: () => void
}

type Message = { type: 'signed-in', userId: string } | { type: 'signed-out' }

/** Tells the other tabs of this origin who is signed in. No token travels over it. */
export function sessionChannel(listeners: Listeners) {
  const channel = typeof BroadcastChannel === 'undefined'
    ? null
    : new BroadcastChannel('tessera.session')
  if (channel) {
    channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data?.type === 'signed-in')
        listeners.onSignedIn(data.userId)
      else if (data?.type === 'signed-out')
        listeners.onSignedOut()
    }
  }
  const tell = (message: Message) => channel?.postMessage(message)
  return {
    tellSignedIn: (userId: string) => tell({ type: 'signed-in', userId }),
    tellSignedOut: () => tell({ type: 'signed-out' }),
  }
}
