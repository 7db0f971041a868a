import Glibc
import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct MailboxTests {
    /// Whether the descriptor is readable now.
    private static func isReadable(_ descriptor: Int32, within milliseconds: Int32 = 0) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, milliseconds) == 1
    }

    @Test func `It is readable while messages wait, and only then`() throws {
        let mailbox = try Mailbox<Int>()
        #expect(!Self.isReadable(mailbox.descriptor))
        #expect(mailbox.receiveAll() == [])
        mailbox.send(1)
        mailbox.send(2)
        #expect(Self.isReadable(mailbox.descriptor))
        #expect(mailbox.receiveAll() == [1, 2])
        #expect(!Self.isReadable(mailbox.descriptor))
        mailbox.send(3)
        #expect(Self.isReadable(mailbox.descriptor))
        #expect(mailbox.receiveAll() == [3])
    }

    @Test func `From many threads nothing is lost, and each sender's order is kept`() throws {
        struct Message: Sendable {
            let sender: Int
            let number: Int
        }
        let (senders, each) = (8, 2000)
        let mailbox = try Mailbox<Message>()
        let threads = (0..<senders).map { sender in
            Background<Bool> {
                for number in 0..<each { mailbox.send(Message(sender: sender, number: number)) }
                return true
            }
        }
        var next = [Int](repeating: 0, count: senders)
        var received = 0
        // The reader sleeps until it is woken, as a worker does: a lost wake-up ends the test.
        while received < senders * each, Self.isReadable(mailbox.descriptor, within: 5000) {
            for message in mailbox.receiveAll() {
                #expect(message.number == next[message.sender])
                next[message.sender] = message.number + 1
                received += 1
            }
        }
        #expect(received == senders * each)
        for thread in threads { #expect(try thread.value()) }
        #expect(mailbox.receiveAll().isEmpty)
    }
}
