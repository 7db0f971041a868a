import Pooler

/// Stands in for the composition root.
enum Daemon {
    static func run(_ options: DaemonOptions) -> Int32 {
        print(options)
        return 0
    }
}
