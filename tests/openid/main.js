// An OpenID provider for tests: `node main.js CONFIG.json`. What the file holds stands in provider.py.
// Its pages are two plain forms; whoever has signed in has consented, too.
import { readFileSync } from 'node:fs'
import { createServer as plain } from 'node:http'
import { createServer as secured } from 'node:https'
import Provider from 'oidc-provider'

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'))

const account = (login) => ({
  accountId: login,
  claims: () => ({ sub: login, ...config.accounts[login].claims }),
})

const grant = async (ctx) => {
  const made = new ctx.oidc.provider.Grant({
    clientId: ctx.oidc.client.clientId,
    accountId: ctx.oidc.session.accountId,
  })
  made.addOIDCScope('openid profile email groups offline_access')
  await made.save()
  return made
}

const provider = new Provider(config.issuer, {
  clients: config.clients,
  jwks: config.jwks,
  ttl: { IdToken: 3600, ...config.ttl },
  cookies: { keys: ['of tests'] },
  claims: {
    openid: ['sub', 'roles', 'amr', 'acr'],
    email: ['email', 'email_verified'],
    profile: ['name', 'preferred_username'],
    groups: ['groups'],
  },
  scopes: ['openid', 'offline_access', 'email', 'profile', 'groups'],
  conformIdTokenClaims: false,
  pkce: { required: () => false },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (ctx, login) => (config.accounts[login] ? account(login) : undefined),
  loadExistingGrant: grant,
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
})

const page = (ctx, said) => {
  ctx.type = 'html'
  ctx.body = `<!doctype html><html lang="en"><title>Provider of tests</title><h1>Provider of tests</h1><p>${said}</p>
    <form method="post"><label>Login <input name="login"></label>
    <label>Password <input name="password" type="password"></label><button>Continue</button></form>`
}

const body = async (request) => {
  let text = ''
  for await (const part of request) text += part
  return new URLSearchParams(text)
}

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next()
  if (ctx.method === 'GET') return page(ctx, '')
  const given = await body(ctx.req)
  const known = config.accounts[given.get('login')]
  if (!known || known.password !== given.get('password')) return page(ctx, 'Wrong')
  const login = { accountId: given.get('login'), amr: known.amr, acr: known.acr }
  const to = await provider.interactionResult(ctx.req, ctx.res, { login })
  ctx.redirect(to)
})

const { host, port, tls } = config.listen
const pair = tls && { cert: readFileSync(tls.certificate), key: readFileSync(tls.key) }
const server = tls ? secured(pair, provider.callback()) : plain(provider.callback())
server.listen(port, host, () => console.log('ready'))
