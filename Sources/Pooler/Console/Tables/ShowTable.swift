/// One SHOW: its columns, and its rows as a function of a report.
struct ShowTable: Sendable {
    /// A column's part of RowDescription.
    struct Header: Equatable, Sendable {
        let name: String
        let type: ShowType
    }

    /// The word after SHOW, in capitals.
    let name: String
    let headers: [Header]
    /// False for what a stats user must not see.
    var isForAll: Bool { name != "FDS" }
    private let makeRows: @Sendable (PoolerReport) -> [[ShowValue]]

    init<Row>(
        _ name: String, columns: [ShowColumn<Row>], rows: @escaping @Sendable (PoolerReport) -> [Row]
    ) {
        self.name = name
        headers = columns.map { Header(name: $0.name, type: $0.type) }
        makeRows = { report in
            rows(report).map { row in columns.map { $0.value(row) } }
        }
    }

    func rows(_ report: PoolerReport) -> [[ShowValue]] { makeRows(report) }
}

/// A table is its name; each exists once.
extension ShowTable: Equatable {
    static func == (left: Self, right: Self) -> Bool { left.name == right.name }
}

extension ShowTable {
    /// Every SHOW with rows; each group is one line of SHOW HELP.
    static let groups: [[ShowTable]] = [
        [config, databases, pools, clients, servers, users, version],
        [peers, peerPools],
        [fds, sockets, activeSockets, lists, mem, state],
        [dnsHosts, dnsZones],
        [stats, statsTotals, statsAverages, totals],
        [workers, pins, pinStats],
    ]

    private static let tables = Dictionary(uniqueKeysWithValues: groups.joined().map { ($0.name, $0) })

    /// The table of a SHOW, its name in any case.
    static func named(_ name: String) -> ShowTable? { tables[name.uppercased()] }

    /// The lines of SHOW HELP.
    static var syntax: [String] {
        groups.enumerated().map { index, tables in
            "SHOW " + ((index == 0 ? ["HELP"] : []) + tables.map(\.name)).joined(separator: "|")
        }
    }
}

extension ShowTable {
    /// - Parameter formats: one for each column; none stands for text throughout, one for all columns.
    func writeRowDescription(formats: [ShowFormat], to writer: inout MessageWriter) {
        writer.message(.rowDescription) { body in
            body.int16(Int16(clamping: headers.count))
            for (index, header) in headers.enumerated() {
                body.cString(header.name)
                body.int32(0)  // table
                body.int16(0)  // column
                body.int32(header.type.rawValue)
                body.int16(header.type.size)
                body.int32(-1)  // type modifier
                body.int16(Self.format(of: index, in: formats).rawValue)
            }
        }
    }

    static func writeDataRow(_ row: [ShowValue], formats: [ShowFormat], to writer: inout MessageWriter) {
        writer.message(.dataRow) { body in
            body.int16(Int16(clamping: row.count))
            for (index, value) in row.enumerated() {
                guard let bytes = value.encoded(format(of: index, in: formats)) else {
                    body.int32(-1)
                    continue
                }
                body.int32(Int32(clamping: bytes.count))
                body.raw(bytes)
            }
        }
    }

    private static func format(of column: Int, in formats: [ShowFormat]) -> ShowFormat {
        switch formats.count {
        case 0: .text
        case 1: formats[0]
        default: column < formats.count ? formats[column] : .text
        }
    }
}
