// Reads an OpenAPI 3.1 document into what the page shows: operations by tag, each with its parameters and fields.

export interface Schema {
  $ref?: string
  type?: string | string[]
  format?: string
  description?: string
  enum?: unknown[]
  const?: unknown
  default?: unknown
  examples?: unknown[]
  properties?: Record<string, Schema>
  additionalProperties?: boolean | Schema
  required?: string[]
  items?: Schema
  oneOf?: Schema[]
  anyOf?: Schema[]
  allOf?: Schema[]
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  pattern?: string
}

interface Parameter { $ref?: string, name: string, in: string, required?: boolean, description?: string, schema?: Schema }
interface Body { $ref?: string, description?: string, required?: boolean, content?: Record<string, { schema?: Schema }> }
interface RawOperation {
  operationId?: string
  summary?: string
  description?: string
  tags?: string[]
  deprecated?: boolean
  security?: Record<string, string[]>[]
  parameters?: Parameter[]
  requestBody?: Body
  responses?: Record<string, Body>
}

export interface OpenApiDocument {
  info: { title: string, version: string, description?: string }
  tags?: { name: string, description?: string }[]
  security?: Record<string, string[]>[]
  servers?: { url: string }[]
  paths?: Record<string, Record<string, unknown> & { parameters?: Parameter[] }>
  components?: Record<string, Record<string, unknown>>
}

/** One line of a table of fields; `depth` indents what belongs to the line above. */
export interface Field {
  name: string
  type: string
  required: boolean
  description: string
  limits: string[]
  depth: number
}

export interface Answer {
  status: string
  description: string
  mediaType: string
  fields: Field[]
}

export interface Operation {
  id: string
  method: string
  path: string
  summary: string
  description: string
  deprecated: boolean
  needsToken: boolean
  parameters: (Field & { place: string })[]
  body: { mediaType: string, required: boolean, fields: Field[] } | null
  answers: Answer[]
}

export interface Group {
  name: string
  description: string
  operations: Operation[]
}

const methods = [
  'get',
  'post',
  'put',
  'patch',
  'delete',
] as const
/** Nested fields below this are left to the document itself. */
const deepest = 4

/** The operations by their first tag, tags in the document's order, then in that of appearance. */
export function groupOperations(document: OpenApiDocument): Group[] {
  const groups = new Map<string, Group>()
  for (const tag of document.tags ?? [])
    groups.set(tag.name, { name: tag.name, description: tag.description ?? '', operations: [] })
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of methods) {
      const raw = item[method] as RawOperation | undefined
      if (!raw)
        continue
      const tag = raw.tags?.[0] ?? ''
      if (!groups.has(tag))
        groups.set(tag, { name: tag, description: '', operations: [] })
      groups.get(tag)!.operations.push(readOperation(document, path, method, raw, item.parameters ?? []))
    }
  }
  return [
    ...groups.values(),
  ].filter(group => group.operations.length > 0)
}

function readOperation(document: OpenApiDocument, path: string, method: string, raw: RawOperation, shared: Parameter[]): Operation {
  const base = (document.servers?.[0]?.url ?? '').replace(/^https?:\/\/[^/]+/, '').replace(/\/$/, '')
  const security = raw.security ?? document.security ?? []
  return {
    id: raw.operationId ?? `${method}-${path.replace(/\W+/g, '-')}`,
    method: method.toUpperCase(),
    path: base + path,
    summary: raw.summary ?? '',
    description: raw.description ?? '',
    deprecated: raw.deprecated ?? false,
    needsToken: security.length > 0 && !security.some(way => Object.keys(way).length === 0),
    parameters: [
      ...shared,
      ...raw.parameters ?? [],
    ].map(parameter => readParameter(document, parameter)),
    body: readBody(document, raw.requestBody),
    answers: Object.entries(raw.responses ?? {}).map(([status, answer]) => readAnswer(document, status, answer)),
  }
}

function readParameter(document: OpenApiDocument, raw: Parameter): Operation['parameters'][number] {
  const parameter = resolve<Parameter>(document, raw)
  const schema = resolve<Schema>(document, parameter.schema ?? {})
  return {
    place: parameter.in,
    name: parameter.name,
    type: typeName(document, schema),
    required: parameter.required ?? false,
    description: parameter.description ?? schema.description ?? '',
    limits: limitsOf(schema),
    depth: 0,
  }
}

function readBody(document: OpenApiDocument, raw: Body | undefined): Operation['body'] {
  if (!raw)
    return null
  const body = resolve<Body>(document, raw)
  const [mediaType, content] = Object.entries(body.content ?? {})[0] ?? ['', {}]
  return {
    mediaType,
    required: body.required ?? false,
    fields: fieldsOf(document, content.schema),
  }
}

function readAnswer(document: OpenApiDocument, status: string, raw: Body): Answer {
  const body = resolve<Body>(document, raw)
  const [mediaType, content] = Object.entries(body.content ?? {})[0] ?? ['', {}]
  return {
    status,
    description: body.description ?? '',
    mediaType,
    fields: fieldsOf(document, content.schema),
  }
}

/** The fields of a schema, nested ones right after their parent. A schema that contains itself is followed once. */
export function fieldsOf(document: OpenApiDocument, raw: Schema | undefined, depth = 0, above: Schema[] = []): Field[] {
  if (!raw)
    return []
  const schema = merged(document, raw)
  if (above.includes(schema) || depth > deepest)
    return []
  const inner = [...above, schema]
  if (schema.items)
    return fieldsOf(document, schema.items, depth, inner)
  const variants = schema.oneOf ?? schema.anyOf
  if (variants && !schema.properties)
    return variants.flatMap(variant => fieldsOf(document, variant, depth, inner))
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const value = merged(document, property)
    const field: Field = {
      name,
      type: typeName(document, property),
      required: schema.required?.includes(name) ?? false,
      description: property.description ?? value.description ?? '',
      limits: limitsOf(value),
      depth,
    }
    return [
      field,
      ...fieldsOf(document, property, depth + 1, inner),
    ]
  })
}

function merged(document: OpenApiDocument, raw: Schema): Schema {
  const schema = resolve<Schema>(document, raw)
  if (!schema.allOf)
    return schema
  const parts = [
    ...schema.allOf.map(part => merged(document, part)),
    schema,
  ]
  return {
    ...schema,
    allOf: undefined,
    properties: Object.assign({}, ...parts.map(part => part.properties ?? {})) as Record<string, Schema>,
    required: parts.flatMap(part => part.required ?? []),
  }
}

/** The thing a local reference ("#/components/…") points to; a reference that leads nowhere is an empty thing. */
function resolve<T extends { $ref?: string }>(document: OpenApiDocument, thing: T, hops = 8): T {
  if (!thing.$ref || hops === 0)
    return thing
  let found: unknown = document
  for (const part of thing.$ref.replace(/^#\//, '').split('/'))
    found = (found as Record<string, unknown> | undefined)?.[part.replaceAll('~1', '/').replaceAll('~0', '~')]
  return found
    ? resolve(document, found as T, hops - 1)
    : {} as T
}

/** "string (uuid)", "array of string", "object or null". */
export function typeName(document: OpenApiDocument, raw: Schema): string {
  const schema = resolve<Schema>(document, raw)
  if (schema.const !== undefined)
    return JSON.stringify(schema.const)
  const variants = schema.oneOf ?? schema.anyOf
  if (variants) {
    return [
      ...new Set(variants.map(variant => typeName(document, variant))),
    ].join(' or ')
  }
  const types = Array.isArray(schema.type)
    ? schema.type
    : [schema.type ?? (schema.properties ? 'object' : 'any')]
  return types.map((type) => {
    if (type === 'array' && schema.items)
      return `array of ${typeName(document, schema.items)}`
    return schema.format && type !== 'null'
      ? `${type} (${schema.format})`
      : type
  }).join(' or ')
}

function limitsOf(schema: Schema): string[] {
  const limits: string[] = []
  if (schema.enum)
    limits.push(schema.enum.map(value => JSON.stringify(value)).join(' | '))
  const marks = {
    minLength: '≥ {} chars',
    maxLength: '≤ {} chars',
    minimum: '≥ {}',
    maximum: '≤ {}',
    pattern: '{}',
  } as const
  for (const [key, mark] of Object.entries(marks)) {
    const value = schema[key as keyof typeof marks]
    if (value !== undefined)
      limits.push(mark.replace('{}', String(value)))
  }
  if (schema.default !== undefined)
    limits.push(`= ${JSON.stringify(schema.default)}`)
  return limits
}
