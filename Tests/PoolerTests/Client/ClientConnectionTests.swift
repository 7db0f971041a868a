import Testing

@testable import Pooler

@Suite struct ClientConnectionTests {
    private static func make() -> ClientConnection {
        ClientConnection(
            token: Token(slot: 0, generation: 0), id: 1, transport: Transport(FileDescriptor(-1)),
            peer: .unnamedUnix, now: .now())
    }

    /// A field more than nothing costs 16 for each of tens of thousands.
    @Test func `An idle client takes 200 bytes at most`() {
        let size = MemoryReport.size(of: Self.make())
        #expect(size > 0 && size <= 200)
    }

    @Test func `What a client believes is kept, whichever book it is in`() {
        let client = Self.make()
        #expect(client.books.statements.pause == .none && client.books.session.settings == nil)
        client.books.statements.pause = .pin
        client.books.session.wasNotified = true
        #expect(client.books.statements.pause == .pin && client.books.session.wasNotified)
        client.books.statements.pause = .none
        #expect(client.books.statements.pause == .none && client.books.session.wasNotified)
    }
}
