/// One run of `auth_query` on its worker: it waits for a server of its pool like a client, and then asks it.
final class SecretLookUp {
    let token: Token
    let key: SecretBook.Key
    let pool: WorkerPool
    let startedAt: Instant
    /// When it was asked, in the book's terms.
    let epoch: Int
    /// Its place in the pool's queue; nil once it has a server.
    var ticket: WaitQueue.Ticket?
    /// The server that it asks.
    var server: ServerConnection?
    var query: SecretQuery
    /// A server broke off: it has been asked again, once.
    var isSecondTry = false

    init(token: Token, key: SecretBook.Key, pool: WorkerPool, epoch: Int, now: Instant) {
        self.token = token
        self.key = key
        self.pool = pool
        self.epoch = epoch
        startedAt = now
        query = SecretQuery(user: key.user, sql: key.sql)
    }
}
