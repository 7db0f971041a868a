import Testing

@testable import Pooler

@Suite struct SocketLabelTests {
    @Test(
        "A connection is named as PgBouncer names it",
        arguments: [
            (
                SocketLabel(
                    side: .client, id: 0x55a2, database: "app", user: "joe",
                    endpoint: .tcp(address: "127.0.0.1", port: 33333)),
                "C-0x55a2: app/joe@127.0.0.1:33333"
            ),
            (
                SocketLabel(side: .client, id: 1, endpoint: .unix(process: 1234, port: 6432)),
                "C-0x1: (nodb)/(nouser)@unix(1234):6432"
            ),
            (
                SocketLabel(
                    side: .server, id: .max, database: "app", user: "joe", endpoint: .tcp(address: "::1", port: 5432)),
                "S-0xffffffffffffffff: app/joe@[::1]:5432"
            ),
            (
                SocketLabel(side: .server, id: 2, database: "a", user: "b", endpoint: .unix(process: nil, port: 5432)),
                "S-0x2: a/b@unix:5432"
            ),
        ])
    func description(label: SocketLabel, text: String) {
        #expect("\(label)" == text)
    }
}
