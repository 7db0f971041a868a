import CLinux
import Glibc

/// The Unix socket between the process that hands over and the one that takes over: frames of a type byte, a length and a body,
/// as Postgres has them, and one long run of bytes with descriptors.
///
/// It is used by one thread at a time, which waits, but never beyond a deadline.
final class TakeoverChannel: Sendable {
    /// What a frame says.
    enum FrameType: UInt8 {
        /// Old to new: the version, how many bytes and descriptors of the offer follow.
        case offer = 0x54  // T
        /// New to old: everything has been rebuilt.
        case ready = 0x4B  // K
        /// Old to new: take it.
        case go = 0x47  // G
        /// New to old: everything is mine.
        case taken = 0x59  // Y
        /// Either way: nothing comes of it, and why.
        case abort = 0x41  // A
        /// New to old, later: a cancel request whose client may be there.
        case cancel = 0x43  // C
        /// New to old, later: what is paused and disabled from now on.
        case condition = 0x50  // P
    }

    /// Longest body of a frame; an error message of the console is one too.
    private static let frameLimit = 64 * 1024
    private static let chunkSize = 64 * 1024

    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Sends bytes, spreading the descriptors over them.
    func send(_ bytes: [UInt8], _ descriptors: [Int32] = [], until deadline: Instant) throws(TakeoverError) {
        let perMessage = Int(CLINUX_DESCRIPTORS)
        let messages = max(1, (descriptors.count + perMessage - 1) / perMessage)
        let chunk = min(Self.chunkSize, max(1, bytes.count / messages))
        var (sent, given) = (0, 0)
        while sent < bytes.count {
            let present = descriptors[given..<min(given + perMessage, descriptors.count)]
            let part = bytes[sent..<min(sent + chunk, bytes.count)]
            let count = unsafe part.withUnsafeBytes { part in
                unsafe present.withUnsafeBufferPointer { present in
                    unsafe clinux_send_descriptors(
                        descriptor.number, part.baseAddress, part.count, present.baseAddress, present.count)
                }
            }
            if count >= 0 {
                sent += count
                given += present.count
                continue
            }
            let error = Errno.last
            switch error.code {
            case EINTR: continue
            case EAGAIN: try wait(POLLOUT, until: deadline)
            case ETOOMANYREFS:
                // So many descriptors are on their way as we may have: until some have been taken.
                guard Instant.now() < deadline else { throw .timeout }
                usleep(1000)
            case EPIPE, ECONNRESET: throw .closed
            default: throw .socket(error)
            }
        }
        guard given == descriptors.count else { throw .descriptorsMissing }
    }

    /// Receives exactly so many bytes, and the descriptors that come with them.
    func receive(_ count: Int, until deadline: Instant) throws(TakeoverError) -> (bytes: [UInt8], descriptors: [Int32])
    {
        var bytes: [UInt8] = []
        var descriptors: [Int32] = []
        var buffer = [UInt8](repeating: 0, count: min(Self.chunkSize, count))
        var arrived = [Int32](repeating: -1, count: Int(CLINUX_DESCRIPTORS))
        do throws(TakeoverError) {
            while bytes.count < count {
                let wanted = min(buffer.count, count - bytes.count)
                var number = 0
                let received = unsafe clinux_receive_descriptors(
                    descriptor.number, &buffer, wanted, &arrived, &number)
                let error = Errno.last
                descriptors += arrived.prefix(number)
                if received > 0 {
                    bytes += buffer.prefix(received)
                } else if received == 0 {
                    throw .closed
                } else {
                    switch error.code {
                    case EINTR: continue
                    case EAGAIN: try wait(POLLIN, until: deadline)
                    case EMSGSIZE: throw .descriptorsMissing
                    case ECONNRESET: throw .closed
                    default: throw .socket(error)
                    }
                }
            }
        } catch {
            for number in descriptors { close(number) }
            throw error
        }
        return (bytes, descriptors)
    }

    /// Sends a frame.
    func send(_ type: FrameType, _ body: [UInt8] = [], until deadline: Instant) throws(TakeoverError) {
        try send(Self.frame(type, body), until: deadline)
    }

    static func frame(_ type: FrameType, _ body: [UInt8]) -> [UInt8] {
        var writer = MessageWriter()
        writer.uint8(type.rawValue)
        writer.uint32(UInt32(clamping: body.count + 4))
        writer.raw(body)
        return writer.bytes
    }

    /// The next frame, or message of Postgres's protocol, with its type byte.
    func receiveFrame(until deadline: Instant) throws(TakeoverError) -> (type: UInt8, body: [UInt8]) {
        let head = try receive(FrameHeader.size, until: deadline).bytes
        let length = head[1...].reduce(0) { $0 << 8 | Int($1) } - 4
        guard (0...Self.frameLimit).contains(length) else { throw .malformed("a frame of \(length) bytes") }
        return (head[0], try receive(length, until: deadline).bytes)
    }

    /// A frame of the expected kind; that the other side has given up is an error.
    func expect(_ type: FrameType, until deadline: Instant) throws(TakeoverError) -> [UInt8] {
        let frame = try receiveFrame(until: deadline)
        if frame.type == type.rawValue { return frame.body }
        switch frame.type {
        case FrameType.abort.rawValue: throw .refused(String(decoding: frame.body, as: UTF8.self))
        case BackendMessageType.errorResponse.rawValue:
            throw .refused(unsafe ServerMessageFields(body: frame.body.span.bytes).message)
        default: throw .malformed("a frame of type \(frame.type)")
        }
    }

    /// As `expect`, for the word after which there is no way back. Whether it was said is decided once, by the kernel: when we have
    /// waited in vain it is refused from here on, which its sender is told, and what had been said before is still there to be read.
    func expectLastWord(_ type: FrameType, until deadline: Instant) throws(TakeoverError) {
        do throws(TakeoverError) {
            _ = try expect(type, until: deadline)
        } catch {
            shutdown(descriptor.number, Int32(SHUT_RD))
            guard (try? expect(type, until: .now())) != nil else { throw error }
        }
    }

    private func wait(_ events: Int32, until deadline: Instant) throws(TakeoverError) {
        let left = deadline.nanoseconds(since: .now())
        guard left > 0 else { throw .timeout }
        var entry = pollfd(fd: descriptor.number, events: Int16(events), revents: 0)
        let ready = unsafe poll(&entry, 1, Int32(clamping: left / 1_000_000 + 1))
        if ready < 0, errno != EINTR { throw .socket(.last) }
    }
}
