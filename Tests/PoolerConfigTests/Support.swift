import PoolerConfig
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Files that exist only here.
struct Files {
    var texts: [String: [UInt8]] = [:]

    init(_ texts: [String: String]) {
        self.texts = texts.mapValues { Array($0.utf8) }
    }

    func read(_ path: String) throws(FileError) -> [UInt8] {
        guard let text = texts[path] else { throw FileError(path: path, reason: "No such file or directory") }
        return text
    }

    /// Loads `main.ini`.
    func load() throws(ConfigurationError) -> Configuration {
        try Configuration.load(path: "main.ini", readFile: read)
    }
}

/// The configuration that `text` is, alone in `main.ini`.
func load(_ text: String, _ others: [String: String] = [:]) throws(ConfigurationError) -> Configuration {
    var texts = others
    texts["main.ini"] = text
    return try Files(texts).load()
}

/// The line that a person reads when `text` cannot be loaded; nil if it can.
func problem(_ text: String, _ others: [String: String] = [:]) -> String? {
    do {
        _ = try load(text, others)
        return nil
    } catch {
        return error.description
    }
}

/// The directory of the package, and what is in it.
enum PackageFiles {
    static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    static func path(_ relative: String) -> String { root + "/" + relative }

    static func read(_ path: String) throws(FileError) -> [UInt8] {
        guard let file = unsafe fopen(path, "r") else { throw FileError(path: path, reason: "cannot be opened") }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        while true {
            let byte = unsafe getc(file)
            guard byte != EOF else { return bytes }
            bytes.append(UInt8(truncatingIfNeeded: byte))
        }
    }

    static func write(_ text: String, to path: String) throws(FileError) {
        guard let file = unsafe fopen(path, "w") else { throw FileError(path: path, reason: "cannot be written") }
        unsafe fputs(text, file)
        unsafe fclose(file)
    }

    /// The rows of a fixture, by the names in its first line.
    static func rows(_ name: String) -> [[String: String]] {
        guard let bytes = try? read(path("Tests/PoolerConfigTests/Fixtures/" + name)) else { return [] }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        guard let header = lines.first else { return [] }
        return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
    }
}
