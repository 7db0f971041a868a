extension ShowTable {
    /// SHOW MEM: the memory of each kind of object.
    static let mem = ShowTable(
        "MEM",
        columns: [
            .text("name") { $0.slab.rawValue },
            .int4("size") { $0.objectSize },
            .int4("used") { $0.used },
            .int4("free") { $0.free },
            .int4("memtotal") { $0.total },
        ]
    ) { $0.memory }
}
