import Glibc

@testable import Pooler

/// A directory for one test, gone with everything in it when the test ends.
struct TemporaryDirectory: ~Copyable {
    private let root: String

    init() throws {
        var template = Array("/tmp/pooler-test-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw Errno.last }
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        if let entries = unsafe opendir(root) {
            while let entry = unsafe readdir(entries) {
                let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                    unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
                }
                unsafe unlink(path(name))
            }
            unsafe closedir(entries)
        }
        unsafe rmdir(root)
    }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    /// The lines of a file here; none if there is no file.
    func lines(_ name: String) -> [String] {
        text(name).split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    func text(_ name: String) -> String {
        guard let file = unsafe fopen(path(name), "r") else { return "" }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = unsafe getc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return String(decoding: bytes, as: UTF8.self)
    }

    func write(_ name: String, _ text: String) throws {
        guard let file = unsafe fopen(path(name), "w") else { throw Errno.last }
        unsafe fputs(text, file)
        unsafe fclose(file)
    }
}
