import Glibc
import PoolerConfig

/// The file that the command line names, and how it and those beside it are read.
struct ConfigurationFile: Sendable {
    let path: String

    /// Larger files are refused: nothing that an operator writes comes near.
    private static let sizeLimit = 64 * 1024 * 1024

    func load() throws(ConfigurationError) -> Configuration {
        try Configuration.load(path: path) { path throws(FileError) in try Self.read(path) }
    }

    /// A whole file.
    static func read(_ path: String) throws(FileError) -> [UInt8] {
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { throw FileError(path: path, reason: "\(Errno.last)") }
        let file = FileDescriptor(number)
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = unsafe block.withUnsafeMutableBytes { unsafe Glibc.read(file.number, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(path: path, reason: "\(Errno.last)")
            }
            bytes += block[..<count]
            if bytes.count > sizeLimit { throw FileError(path: path, reason: "the file is too large") }
        }
    }
}
