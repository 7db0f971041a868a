import Glibc

/// The setting `pidfile`: says that an instance runs, and which process it is.
struct PidFile: Sendable {
    /// Relative to the working directory.
    let path: String

    /// What the file says before we start.
    enum State: Equatable, Sendable {
        case absent

        /// Left behind by a process that is gone.
        case stale

        /// A living process's, or nothing that we can read as a process number.
        case taken
    }

    /// Makes way for us: removes a stale file.
    ///
    /// - Returns: whether there was one.
    func removeStale() throws(StartError) -> Bool {
        switch try state() {
        case .absent: return false
        case .taken: throw .pidFileExists(path: path)
        case .stale:
            if unsafe unlink(path) != 0, errno != ENOENT { throw .cannotWritePidFile(path: path, .last) }
            return true
        }
    }

    /// Writes our process number and a newline. The file must not exist: two starts at once leave one of them.
    func write() throws(StartError) {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        if file < 0 {
            throw errno == EEXIST ? .pidFileExists(path: path) : .cannotWritePidFile(path: path, .last)
        }
        defer { close(file) }
        let text = Array("\(getpid())\n".utf8)
        let written = unsafe text.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
        if written != text.count {
            let reason = written < 0 ? Errno.last : Errno(code: ENOSPC)
            unsafe unlink(path)
            throw .cannotWritePidFile(path: path, reason)
        }
    }

    /// Removes the file at exit, unless another process has taken over the name.
    func removeIfOurs() {
        guard let text = try? contents(), Self.process(in: text) == getpid() else { return }
        unsafe unlink(path)
    }

    func state() throws(StartError) -> State {
        guard let text = try contents() else { return .absent }
        guard let process = Self.process(in: text) else { return .taken }
        // Our own number was written by an earlier life: in a container every start can be process 1.
        if process == getpid() { return .stale }
        return kill(process, 0) != 0 && errno == ESRCH ? .stale : .taken
    }

    /// The process number in the file's text: digits, with blanks or newlines around them.
    static func process(in text: [UInt8]) -> pid_t? {
        let blanks = Array(" \t\r\n".utf8)
        let word = text.drop { blanks.contains($0) }.prefix { !blanks.contains($0) }
        guard text.dropFirst(word.endIndex).allSatisfy({ blanks.contains($0) }),
            word.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let process = pid_t(String(decoding: word, as: UTF8.self)), process > 0
        else { return nil }
        return process
    }

    /// The file's beginning, more than any process number needs; nil if there is no file.
    private func contents() throws(StartError) -> [UInt8]? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if file < 0 {
            if errno == ENOENT { return nil }
            throw .cannotReadPidFile(path: path, .last)
        }
        defer { close(file) }
        var failure: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
            let received = unsafe read(file, buffer.baseAddress, buffer.count)
            if received < 0 { failure = .last }
            count = max(0, received)
        }
        if let failure { throw .cannotReadPidFile(path: path, failure) }
        return bytes
    }
}
