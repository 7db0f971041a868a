/// Objects by what they are made of: equal keys name the same object for as long as anybody holds it, so that many clients share
/// one, and comparing two is comparing pointers.
///
/// Beyond soft limits, objects that nobody else holds are swept out: clients choose the keys freely.
struct Interned<Key: Hashable, Object: AnyObject> {
    private static var softLimit: Int { 1024 }

    private var objects: [Key: Object] = [:]
    private var sweepAt = softLimit
    private let softByteLimit: Int
    private let byteCountOf: (Object) -> Int
    private(set) var byteCount = 0
    private var sweepAtBytes: Int

    /// `byteCount` tells roughly what an object takes, where that varies; it must not change.
    init(softByteLimit: Int = .max, byteCount: @escaping (Object) -> Int = { _ in 0 }) {
        self.softByteLimit = softByteLimit
        byteCountOf = byteCount
        sweepAtBytes = softByteLimit
    }

    /// How many objects there are.
    var count: Int { objects.count }

    /// The one object for this key, which `make` makes where there is none yet.
    mutating func object(for key: Key, make: () -> Object) -> Object {
        if let object = objects[key] { return object }
        if objects.count >= sweepAt || byteCount >= sweepAtBytes { sweep() }
        let object = make()
        objects[key] = object
        byteCount += byteCountOf(object)
        return object
    }

    private mutating func sweep() {
        for key in Array(objects.keys) {
            guard var object = objects.removeValue(forKey: key) else { continue }
            if isKnownUniquelyReferenced(&object) {
                byteCount -= byteCountOf(object)
            } else {
                objects[key] = object
            }
        }
        sweepAt = max(Self.softLimit, objects.count * 2)
        let (doubled, overflows) = byteCount.multipliedReportingOverflow(by: 2)
        sweepAtBytes = max(softByteLimit, overflows ? .max : doubled)
    }
}
