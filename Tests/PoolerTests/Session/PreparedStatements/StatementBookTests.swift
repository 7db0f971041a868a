import Testing

@testable import Pooler

@Suite struct StatementBookTests {
    private let table = StatementTable(numbers: StatementNumbers())

    private func statement(_ number: Int) -> PreparedStatement { table.intern(Array("select \(number)\0\0\0".utf8)) }

    private func copy(_ statement: PreparedStatement) -> ServerStatements.Copy {
        ServerStatements.Copy(statement: statement, name: statement.serverName, preparedAt: statement.present)
    }

    @Test func `equal definitions are one statement, which goes with its last user`() {
        var first: PreparedStatement? = statement(1)
        let second: PreparedStatement? = statement(1)
        #expect(first === second)
        #expect(first !== statement(2))
        #expect(table.count == 1)
        first = nil
        #expect(table.count == 1)
        withExtendedLifetime(second) {}
    }

    @Test func `a server's book and a client's keep a statement alive`() {
        var server = ServerStatements()
        var client = ClientStatements()
        server.insert(copy(statement(1)))
        client.insert(NamedStatement(name: [0x61], statement: statement(2)))
        client.unnamed = statement(3)
        #expect(table.count == 3)
        server.removeAllNames()
        client.removeAllNames()
        client.unnamed = nil
        #expect(table.count == 0)
    }

    @Test func `the copy that was not used for longest is the oldest`() {
        var book = ServerStatements()
        var model: [PreparedStatement] = []
        let all = (0..<12).map(statement)
        for _ in 0..<5000 {
            let statement = all[Int.random(in: 0..<all.count)]
            switch Int.random(in: 0..<4) {
            case 0, 1:
                let isThere = model.contains { $0 === statement }
                #expect((book.use(statement) != nil) == isThere)
                if isThere {
                    model.removeAll { $0 === statement }
                    model.append(statement)
                }
            case 2:
                if !model.contains(where: { $0 === statement }) {
                    let asOldest = Bool.random()
                    book.insert(copy(statement), asOldest: asOldest)
                    model.insert(statement, at: asOldest ? 0 : model.count)
                }
            case _:
                book.remove(statement)
                model.removeAll { $0 === statement }
            }
            #expect(book.count == model.count)
            #expect(book.oldest?.statement === model.first)
            #expect(book.copies.map { ObjectIdentifier($0.statement) } == model.map { ObjectIdentifier($0) })
        }
    }

    @Test func `a book that moves to another worker keeps names, order and what is out of date`() {
        var book = ServerStatements()
        let (old, new) = (statement(1), statement(2))
        book.insert(copy(old))
        book.insert(copy(new))
        old.outdated()
        book.hasGuard = true
        book.unnamed = new
        let elsewhere = StatementTable(numbers: table.numbers)
        let arrived = ServerStatements(book.moved, among: elsewhere)
        #expect(arrived.copies.map(\.name) == [old.serverName, new.serverName])
        #expect(arrived.copies.map(\.isOutdated) == [true, false])
        #expect(arrived.hasGuard)
        #expect(arrived.unnamed?.isKept == false)
        #expect(elsewhere.count == 2)
    }
}
