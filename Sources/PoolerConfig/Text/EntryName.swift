/// Limits on names, in bytes.
enum EntryName {
    /// The name of a database, as in Postgres.
    static let longestDatabase = 63
    /// The name of a user.
    static let longestUser = 127
}
