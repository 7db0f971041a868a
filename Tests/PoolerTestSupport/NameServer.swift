import Glibc
import Synchronization

/// A DNS server on 127.0.0.1 for a few names, over UDP, that counts what it is asked.
public final class NameServer: Sendable {
    private struct State {
        var addresses: [String: [String]] = [:]
        var serials: [String: UInt32] = [:]
        var questions: [String: Int] = [:]
    }

    /// Its UDP port.
    public let port: Int
    private let descriptor: Int32
    private let state = Mutex(State())

    /// Answers from now on; every name that it is not told of does not exist.
    public init() throws {
        let datagram = Int32(SOCK_DGRAM.rawValue)
        descriptor = try checked("socket") { socket(AF_INET, datagram | Int32(SOCK_CLOEXEC.rawValue), 0) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let number = descriptor
        _ = try checked("bind") {
            unsafe withUnsafePointer(to: address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(number, $0, length) }
            }
        }
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = unsafe getsockname(number, $0, &length)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        startThread { [self] in serve() }
    }

    /// The line of a resolv.conf(5) that names it.
    public var line: String { "nameserver 127.0.0.1:\(port)\n" }

    /// From now on a name has these IPv4 addresses.
    public func set(_ name: String, _ addresses: [String]) { state.withLock { $0.addresses[name] = addresses } }

    /// From now on a zone has this serial number.
    public func set(zone: String, serial: UInt32) { state.withLock { $0.serials[zone] = serial } }

    /// How often a name's IPv4 addresses were asked for.
    public func questions(for name: String) -> Int { state.withLock { $0.questions[name] ?? 0 } }

    private func serve() {
        var packet = [UInt8](repeating: 0, count: 1500)
        while true {
            var sender = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let answer: [UInt8]? = unsafe withUnsafeMutablePointer(to: &sender) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    let count = unsafe recvfrom(descriptor, &packet, packet.count, 0, address, &length)
                    return count > 12 ? reply(to: Array(packet[..<count])) : nil
                }
            }
            guard let answer else { continue }
            unsafe withUnsafePointer(to: sender) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    _ = unsafe sendto(descriptor, answer, answer.count, 0, address, length)
                }
            }
        }
    }

    /// A message (RFC 1035, 4.1) with the question and what there is for it.
    private func reply(to query: [UInt8]) -> [UInt8] {
        var labels: [String] = []
        var position = 12
        while position < query.count, query[position] > 0 {
            let end = min(position + 1 + Int(query[position]), query.count)
            labels.append(String(decoding: query[position + 1..<end], as: UTF8.self))
            position = end
        }
        let end = min(position + 5, query.count)
        let type = Int(query[max(12, end - 4)]) << 8 | Int(query[max(12, end - 3)])
        let records = self.records(labels.joined(separator: ".").lowercased(), type)
        var answer = Array(query[0..<2]) + [0x81, records == nil ? 0x83 : 0x80, 0, 1]
        answer += int16(Int16(records?.count ?? 0)) + [0, 0, 0, 0] + query[12..<end]
        for data in records ?? [] {
            answer += [0xC0, 12] + int16(Int16(type)) + [0, 1] + int32(0) + int16(Int16(data.count)) + data
        }
        return answer
    }

    /// The data of a name's records; nil when there is no such name.
    private func records(_ name: String, _ type: Int) -> [[UInt8]]? {
        state.withLock { state in
            if type == 6 {
                return state.serials[name].map {
                    [[0, 0] + int32(Int32(bitPattern: $0)) + (0..<4).flatMap { _ in int32(60) }]
                }
            }
            if type == 1 { state.questions[name, default: 0] += 1 }
            guard let addresses = state.addresses[name] else { return nil }
            return type == 1 ? addresses.map { $0.split(separator: ".").compactMap { UInt8($0) } } : []
        }
    }
}
