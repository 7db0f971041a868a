extension ShowTable {
    /// SHOW CLIENTS: logged-in clients and cancel requests.
    static let clients = ShowTable("CLIENTS", columns: socketColumns { $0.word }) { report in
        report.sockets.filter { $0.state.isClient && $0.state != .clientLogin }
    }

    /// SHOW SERVERS.
    static let servers = ShowTable("SERVERS", columns: socketColumns { $0.word }) { report in
        report.sockets.filter { !$0.state.isClient }
    }

    /// SHOW SOCKETS: every connection, with its buffer.
    static let sockets = ShowTable("SOCKETS", columns: socketColumns { $0.socketWord } + bufferColumns) { $0.sockets }

    /// SHOW ACTIVE_SOCKETS: connections with something in their buffer.
    static let activeSockets = ShowTable(
        "ACTIVE_SOCKETS", columns: socketColumns { $0.socketWord } + bufferColumns
    ) { report in
        report.sockets.filter { !$0.buffer.isEmpty }
    }

    private static func socketColumns(
        stateWord: @escaping @Sendable (SocketReport.State) -> String
    ) -> [ShowColumn<SocketReport>] {
        [
            .text("type") { $0.state.isClient ? "C" : "S" },
            .text("user") { $0.user ?? "(nouser)" },
            .text("database") { $0.database ?? "(nodb)" },
            .text("replication") { $0.replication.rawValue },
            .text("state") { stateWord($0.state) },
            .text("addr") { $0.address },
            .int4("port") { $0.port },
            .text("local_addr") { $0.localAddress },
            .int4("local_port") { $0.localPort },
            .text("connect_time") { LocalTime.text($0.connectTime) },
            .text("request_time") { LocalTime.text($0.requestTime) },
            .int4("wait") { ($0.wait ?? .zero).wholeSeconds },
            .int4("wait_us") { ($0.wait ?? .zero).remainingMicroseconds },
            .int4("close_needed") { $0.closeNeeded ? 1 : 0 },
            .text("ptr") { address($0.pointer) },
            .text("link") { $0.link.map(address) ?? "" },
            .int4("remote_pid") { Int($0.remotePID) },
            .text("tls") { $0.tls ?? "" },
            .text("application_name") { $0.applicationName ?? "" },
            .int4("prepared_statements") { $0.preparedStatements },
            .int4("id") { Int(clamping: $0.id) },
        ]
    }

    private static let bufferColumns: [ShowColumn<SocketReport>] = [
        .int4("recv_pos") { $0.buffer.receivePosition },
        .int4("pkt_pos") { $0.buffer.packetPosition },
        .int4("pkt_remain") { $0.buffer.packetRemainder },
        .int4("send_pos") { $0.buffer.sendPosition },
        .int4("send_remain") { _ in 0 },
        .int4("pkt_avail") { $0.buffer.unparsed },
        .int4("send_avail") { $0.buffer.unsent },
    ]

    @Sendable
    private static func address(_ pointer: UInt64) -> String { "0x" + String(pointer, radix: 16) }
}
