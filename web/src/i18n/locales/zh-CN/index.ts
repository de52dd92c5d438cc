import admin from './admin.json'
import ai from './ai.json'
import auth from './auth.json'
import common from './common.json'
import docs from './docs.json'
import errors from './errors.json'
import home from './home.json'
import profile from './profile.json'
import security from './security.json'
import thirdparty from './thirdparty.json'

export default {
  common,
  auth,
  home,
  ai,
  admin,
  docs,
  errors,
  thirdparty,
  profile,
  security,
}
