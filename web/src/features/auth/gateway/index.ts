import type { AuthGateway } from './port'
import type { PublicConfig } from '@/api/types'
import { embeddedGateway } from './embedded'

/** The gateway that this server's mode asks for. The Supabase client is fetched only where it is used. */
export async function authGateway(config: PublicConfig): Promise<AuthGateway> {
  if (config.mode === 'supabase' && config.supabase) {
    const { supabaseGateway } = await import('./supabase')
    return supabaseGateway(config.supabase)
  }
  return embeddedGateway(config.anon_key)
}
