// OVHcloud's own client, asked line by line: `node main.js HOST PORT`, its keys in the environment.
// A line holds {method, path, body}; the answer is {code, message} or {code: 0, answer}.
import { createInterface } from 'node:readline'
import ovh from 'ovh'

const [host, port] = process.argv.slice(2)
const client = ovh({
  host,
  port: Number(port),
  appKey: process.env.OVH_APPLICATION_KEY,
  appSecret: process.env.OVH_APPLICATION_SECRET,
  consumerKey: process.env.OVH_CONSUMER_KEY,
})

for await (const line of createInterface({ input: process.stdin })) {
  const { method, path, body } = JSON.parse(line)
  const said = await client.requestPromised(method, path, body ?? {}).then(
    (answer) => ({ code: 0, answer }),
    ({ error, message }) => (typeof error === 'number' ? { code: error, message } : { code: -1, message: String(error) }),
  )
  console.log(JSON.stringify(said))
}
