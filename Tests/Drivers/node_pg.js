// node-postgres: named statements kept for ever, Close and Parse in one batch, startup parameters.
const { Client } = require('pg')
const assert = require('assert')

const address = { host: process.env.PGHOST, port: Number(process.env.PGPORT), database: 'app', user: 'app' }

async function connect(more = {}) {
  const client = new Client({ ...address, ...more })
  client.on('error', () => {})
  await client.connect()
  return client
}

async function code(work) {
  try { await work() } catch (error) { return error.code }
  return 'none'
}

async function value(client, query) { return Object.values((await client.query(query)).rows[0])[0] }

async function main() {
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect()))
  for (let number = 0; number < 10; number++) {
    await Promise.all(clients.map(async (client, index) => {
      assert.equal(await value(client, { name: 's', text: `select $1::int + ${index}`, values: [number] }), number + index)
      assert.equal(await value(client, { text: 'select $1::text', values: ['x'] }), 'x')
    }))
  }
  for (const client of clients) {
    const division = (number) => ({ name: 'd', text: 'select 1 / $1::int as q', values: [number] })
    for (let round = 0; round < 2; round++) {
      assert.equal(await code(() => client.query(division(0))), '22012')
      assert.equal(await value(client, division(1)), 1)
    }
    assert.equal(await code(() => client.query({ name: 'bad', text: 'select nonsense' })), '42703')
    assert.equal(await code(() => client.query({ name: 'bad', text: 'select nonsense' })), '42703')
    await client.query('begin')
    await client.query('deallocate d')
    await client.query('commit')
  }
  const [first, second] = clients
  await first.query('drop table if exists node_changing; create table node_changing as select 1 as a')
  const changing = { name: 'changing', text: 'select * from node_changing' }
  await second.query(changing)
  await first.query('alter table node_changing add b int default 2')
  assert.deepEqual((await second.query(changing)).rows[0], { a: 1, b: 2 })
  await first.query('drop table node_changing')
  await first.query('set session characteristics as transaction read only')
  for (const client of clients.slice(1)) assert.equal(await value(client, 'show transaction_read_only'), 'off')
  await first.query('set session characteristics as transaction read write')
  const heard = new Promise((resolve) => second.on('notification', (message) => resolve(message.payload)))
  await second.query('listen node_news')
  await first.query("notify node_news, 'heard'")
  assert.equal(await heard, 'heard')
  await second.query('unlisten *')
  await first.query('select pg_advisory_lock(7)')
  for (const client of clients.slice(1)) assert.equal(await value(client, 'select pg_try_advisory_xact_lock(7)'), false)
  await first.query('select pg_advisory_unlock(7)')
  const own = await connect({ statement_timeout: 7000, options: '-c search_path=mine', application_name: 'node', idle_in_transaction_session_timeout: 9000 })
  for (let round = 0; round < 3; round++) {
    assert.equal(await value(own, 'show statement_timeout'), '7s')
    assert.equal(await value(own, 'show search_path'), 'mine')
    assert.equal(await value(first, 'show statement_timeout'), '0')
  }
  assert.equal(await code(() => connect({ port: Number(process.env.PASSWORD_PORT), password: 'wrong' })), '28P01')
  await Promise.all([...clients, own].map((client) => client.end()))
}

main().catch((error) => { console.error(error); process.exit(1) })
