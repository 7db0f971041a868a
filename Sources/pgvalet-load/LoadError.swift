/// What stops the tool itself, as opposed to what a client of the load meets.
struct LoadError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
