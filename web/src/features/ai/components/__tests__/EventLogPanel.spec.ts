import type { StreamFrame } from '../../lib/messageStream'
import { describe, expect, it, vi } from 'vitest'
import { mountPage } from '@/testing/mountPage'
import EventLogPanel from '../EventLogPanel.vue'

const frames: StreamFrame[] = [
  {
    at: 1,
    id: '1',
    event: 'status',
    data: '{"state":"queued"}',
    requestId: 'r',
    fields: {},
  },
  {
    at: 2,
    id: '2',
    event: 'content_delta',
    data: '{"delta":"Apple"}',
    requestId: 'r',
    fields: {},
  },
  {
    at: 3,
    id: '3',
    event: 'content_delta',
    data: '{"delta":"pear"}',
    requestId: 'r',
    fields: {},
  },
  {
    at: 1234,
    id: '',
    event: 'completed',
    data: '{}',
    requestId: 'r',
    fields: {},
  },
]
const shown = (wrapper: { findAll: (selector: string) => { attributes: (name: string) => string | undefined }[] }) =>
  wrapper.findAll('[data-event]').map(row => row.attributes('data-event'))

describe('eventLogPanel', () => {
  it('lists frames with their time and raw data', async () => {
    const { wrapper } = await mountPage(EventLogPanel, {
      props: { frames },
    })
    expect(shown(wrapper)).toEqual([
      'status',
      'content_delta',
      'content_delta',
      'completed',
    ])
    expect(wrapper.text()).toContain('+1.234')
    expect(wrapper.text()).toContain('{"delta":"Apple"}')
  })

  it('filters by event and by content, whatever the case', async () => {
    const { wrapper } = await mountPage(EventLogPanel, {
      props: { frames },
    })
    await wrapper.get('select').setValue('content_delta')
    expect(shown(wrapper)).toEqual(['content_delta', 'content_delta'])
    await wrapper.get('input[type=search]').setValue('APPLE')
    expect(shown(wrapper)).toEqual(['content_delta'])
    await wrapper.get('input[type=search]').setValue('nothing')
    expect(wrapper.text()).toContain('No event matches.')
  })

  it('copies the frames as they are on the wire', async () => {
    const writeText = vi.fn(async (_text: string) => {})
    vi.spyOn(navigator, 'clipboard', 'get').mockReturnValue({ writeText } as unknown as Clipboard)
    const { wrapper } = await mountPage(EventLogPanel, {
      props: {
        frames: frames.slice(2),
      },
    })
    await wrapper.get('button').trigger('click')
    expect(writeText).toHaveBeenCalledWith('id: 3\nevent: content_delta\ndata: {"delta":"pear"}\n\nevent: completed\ndata: {}\n')
  })

  it('says what will come', async () => {
    const { wrapper } = await mountPage(EventLogPanel, {
      props: { frames: [] },
    })
    expect(wrapper.text()).toContain('Events appear here')
  })
})
