import type { OpenApiDocument } from '../openapi'
import { describe, expect, it } from 'vitest'
import { fieldsOf, groupOperations, typeName } from '../openapi'

const document: OpenApiDocument = {
  info: { title: 'T', version: '1' },
  servers: [
    { url: 'https://example.com/api/v1/' },
  ],
  tags: [
    { name: 'b', description: 'second letter' },
    { name: 'unused' },
  ],
  security: [
    { bearer: [] },
  ],
  paths: {
    '/a/{id}': {
      parameters: [
        { $ref: '#/components/parameters/Id', name: '', in: '' },
      ],
      get: {
        tags: ['a'],
        summary: 'Read',
        security: [],
        responses: {
          200: {
            description: 'OK',
            content: {
              'application/json': {
                schema: { $ref: '#/components/schemas/Tree' },
              },
            },
          },
        },
      },
    },
    '/b': {
      post: {
        operationId: 'make-b',
        tags: ['b'],
        deprecated: true,
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: { $ref: '#/components/schemas/Both' },
            },
          },
        },
        responses: {
          default: { $ref: '#/components/responses/Problem' },
        },
      },
    },
  },
  components: {
    parameters: {
      Id: {
        name: 'id',
        in: 'path',
        required: true,
        schema: { type: 'string', format: 'uuid' },
      },
    },
    responses: {
      Problem: {
        description: 'Error',
        content: {
          'application/problem+json': {
            schema: {
              type: 'object',
              properties: {
                code: { type: 'string' },
              },
            },
          },
        },
      },
    },
    schemas: {
      Tree: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string', minLength: 1, maxLength: 9 },
          children: {
            type: 'array',
            items: { $ref: '#/components/schemas/Tree' },
          },
        },
      },
      Named: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string', description: 'What it is called' },
        },
      },
      Both: {
        allOf: [
          { $ref: '#/components/schemas/Named' },
        ],
        required: ['size'],
        properties: {
          size: {
            type: ['integer', 'null'],
            enum: [1, 2],
            default: 1,
          },
        },
      },
    },
  },
}

describe('groupOperations', () => {
  it('groups by tag, in the order of the document, with no empty group', () => {
    expect(groupOperations(document).map(group => [group.name, group.description])).toEqual([
      ['b', 'second letter'],
      ['a', ''],
    ])
  })

  it('reads paths, parameters and who may call', () => {
    const [b, a] = groupOperations(document).map(group => group.operations[0]!)
    expect(a).toMatchObject({
      method: 'GET',
      path: '/api/v1/a/{id}',
      summary: 'Read',
      needsToken: false,
    })
    expect(a!.parameters).toMatchObject([
      {
        name: 'id',
        place: 'path',
        type: 'string (uuid)',
        required: true,
      },
    ])
    expect(b).toMatchObject({ id: 'make-b', deprecated: true, needsToken: true })
    expect(b!.answers).toMatchObject([
      {
        status: 'default',
        description: 'Error',
        mediaType: 'application/problem+json',
        fields: [
          { name: 'code' },
        ],
      },
    ])
  })

  it('is empty for a document without paths', () => {
    expect(groupOperations({
      info: { title: '', version: '' },
    })).toEqual([])
  })
})

describe('fieldsOf', () => {
  it('puts parts of one thing together', () => {
    expect(fieldsOf(document, { $ref: '#/components/schemas/Both' })).toMatchObject([
      { name: 'name', required: true, description: 'What it is called' },
      {
        name: 'size',
        required: true,
        type: 'integer or null',
        limits: ['1 | 2', '= 1'],
      },
    ])
  })

  it('follows a thing that contains itself only once', () => {
    const fields = fieldsOf(document, { $ref: '#/components/schemas/Tree' })
    expect(fields.map(field => [field.depth, field.name])).toEqual([
      [0, 'name'],
      [0, 'children'],
    ])
    expect(fields[0]!.limits).toEqual(['≥ 1 chars', '≤ 9 chars'])
  })

  it('makes nothing of a reference that leads nowhere', () => {
    expect(fieldsOf(document, { $ref: '#/components/schemas/Missing' })).toEqual([])
  })
})

describe('typeName', () => {
  it.each([
    [
      {
        type: 'array',
        items: { type: 'string' },
      },
      'array of string',
    ],
    [
      {
        type: ['array', 'null'],
        items: { type: 'object' },
      },
      'array of object or null',
    ],
    [
      {
        oneOf: [
          { type: 'string' },
          { type: 'integer' },
          { type: 'string' },
        ],
      },
      'string or integer',
    ],
    [
      { const: 'x' },
      '"x"',
    ],
    [{}, 'any'],
    [
      { properties: {} },
      'object',
    ],
  ])('names %j', (schema, name) => {
    expect(typeName(document, schema)).toBe(name)
  })
})
