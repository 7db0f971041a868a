/// Limits on names.
enum EntryName {
    /// The name of a database, as in Postgres, in bytes.
    static let longestDatabase = 63
    /// The name of a user, in bytes.
    static let longestUser = 127

    /// Refuses names that no client can have (`isUnambiguousName`): what was written about them would never come to pass.
    static func check(_ name: String) throws(ValueError) {
        guard name.isUnambiguousName else {
            throw ValueError(found: "the name \(Phrase.quoted(name))", expected: "Unicode normalization form C")
        }
    }
}
