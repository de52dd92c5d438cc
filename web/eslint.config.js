import antfu from '@antfu/eslint-config'

export default antfu({
  type: 'app',
  typescript: true,
  vue: { a11y: true },
  markdown: false,
  ignores: ['dist', 'src/api/schema.d.ts', 'test-results'],
}, {
  rules: {
    // One failed expectation says enough; the rest of these are taste that the code does not share.
    'antfu/top-level-function': 'off',
    'node/prefer-global/process': 'off',
    'vue/max-attributes-per-line': [
      'warn',
      { singleline: 4 },
    ],
    'vue-a11y/label-has-for': 'off',
    'vue-a11y/form-control-has-label': 'off',
    // The forms that use it are their page's only purpose, and the heading before them is read all the same.
    'vue-a11y/no-autofocus': 'off',
    'ts/no-use-before-define': [
      'error',
      { functions: false, variables: false },
    ],
    'no-console': 'error',
    'max-lines': [
      'error',
      { max: 450, skipBlankLines: true, skipComments: true },
    ],
  },
})
