/// One counter under the five names that the SHOW commands give it, which follow no rule.
private struct StatFigure: Sendable {
    /// SHOW STATS, the total.
    let total: String
    /// SHOW STATS, the average.
    let average: String
    /// SHOW STATS_TOTALS.
    let totals: String
    /// SHOW STATS_AVERAGES.
    let averages: String
    /// SHOW TOTALS, after `total_` and `avg_`.
    let sum: String
    let count: @Sendable (StatCounters) -> UInt64
    let mean: @Sendable (StatAverages) -> UInt64

    init(
        _ total: String, _ average: String, _ totals: String, _ averages: String, _ sum: String,
        count: @escaping @Sendable (StatCounters) -> UInt64, mean: @escaping @Sendable (StatAverages) -> UInt64
    ) {
        self.total = total
        self.average = average
        self.totals = totals
        self.averages = averages
        self.sum = sum
        self.count = count
        self.mean = mean
    }

    static let all = [
        StatFigure(
            "total_server_assignment_count", "avg_server_assignment_count", "server_assignment_count",
            "server_assignment_count", "server_assignment_count",
            count: { $0.serverAssignments }, mean: { $0.serverAssignments }),
        StatFigure(
            "total_xact_count", "avg_xact_count", "xact_count", "xact_count", "xact_count",
            count: { $0.transactions }, mean: { $0.transactions }),
        StatFigure(
            "total_query_count", "avg_query_count", "query_count", "query_count", "query_count",
            count: { $0.queries }, mean: { $0.queries }),
        StatFigure(
            "total_received", "avg_recv", "bytes_received", "bytes_received", "client_bytes",
            count: { $0.received }, mean: { $0.received }),
        StatFigure(
            "total_sent", "avg_sent", "bytes_sent", "bytes_sent", "server_bytes",
            count: { $0.sent }, mean: { $0.sent }),
        StatFigure(
            "total_xact_time", "avg_xact_time", "xact_time", "xact_time", "xact_time",
            count: { $0.transactionTime }, mean: { $0.transactionTime }),
        StatFigure(
            "total_query_time", "avg_query_time", "query_time", "query_time", "query_time",
            count: { $0.queryTime }, mean: { $0.queryTime }),
        StatFigure(
            "total_wait_time", "avg_wait_time", "wait_time", "wait_time", "wait_time",
            count: { $0.waitTime }, mean: { $0.waitTime }),
        StatFigure(
            "total_client_parse_count", "avg_client_parse_count", "client_parse_count", "avg_client_parse_count",
            "ps_client_parse_count",
            count: { $0.clientParses }, mean: { $0.clientParses }),
        StatFigure(
            "total_server_parse_count", "avg_server_parse_count", "server_parse_count", "avg_server_parse_count",
            "ps_server_parse_count",
            count: { $0.serverParses }, mean: { $0.serverParses }),
        StatFigure(
            "total_bind_count", "avg_bind_count", "bind_count", "avg_bind_count", "ps_bind_count",
            count: { $0.binds }, mean: { $0.binds }),
        StatFigure(
            "total_client_login_count", "avg_client_login_count", "client_login_count", "avg_client_login_count",
            "client_login_count",
            count: { $0.clientLogins }, mean: { $0.clientLogins }),
    ]
}

extension ShowTable {
    private typealias Row = (database: String, stats: PoolerReport.Stats)

    /// SHOW STATS: totals and averages of each database.
    static let stats = ShowTable(
        "STATS",
        columns: [databaseColumn] + totalColumns { $0.total } + averageColumns { $0.average }
    ) { $0.statsByDatabase }

    /// SHOW STATS_TOTALS: the totals, under other names.
    static let statsTotals = ShowTable("STATS_TOTALS", columns: [databaseColumn] + totalColumns { $0.totals }) {
        $0.statsByDatabase
    }

    /// SHOW STATS_AVERAGES: the averages, under other names.
    static let statsAverages = ShowTable("STATS_AVERAGES", columns: [databaseColumn] + averageColumns { $0.averages }) {
        $0.statsByDatabase
    }

    /// SHOW TOTALS: one row for each figure, over all pools.
    static let totals = ShowTable(
        "TOTALS",
        columns: [
            .text("name") { $0.name },
            .numeric("value") { $0.value },
        ]
    ) { report -> [(name: String, value: UInt64)] in
        let stats = report.stats
        return StatFigure.all.map { ("total_" + $0.sum, $0.count(stats.totals)) }
            + StatFigure.all.map { ("avg_" + $0.sum, $0.mean(stats.averages)) }
    }

    private static let databaseColumn = ShowColumn<Row>.text("database") { $0.database }

    private static func totalColumns(name: (StatFigure) -> String) -> [ShowColumn<Row>] {
        StatFigure.all.map { figure in .numeric(name(figure)) { figure.count($0.stats.totals) } }
    }

    private static func averageColumns(name: (StatFigure) -> String) -> [ShowColumn<Row>] {
        StatFigure.all.map { figure in .numeric(name(figure)) { figure.mean($0.stats.averages) } }
    }
}
