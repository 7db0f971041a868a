/// What a console user may do: `admin_users` everything, `stats_users` only look.
enum ConsoleRole: Sendable, CaseIterable {
    case admin
    case stats
}
