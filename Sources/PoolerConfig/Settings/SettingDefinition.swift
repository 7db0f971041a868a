/// One setting of the [pgbouncer] section: from this table come the parser, SHOW CONFIG, SET and docs/settings.md.
public struct SettingDefinition: Sendable {
    /// Its name in the file and on the console.
    public let name: String
    /// What its value looks like.
    public let kind: SettingKind
    /// The default as SHOW CONFIG prints it; nil is NULL.
    public let defaultText: String?
    /// False if only a restart changes it: RELOAD keeps the old value, SET is an error.
    public let isChangeable: Bool
    /// Its value is never printed, because it may hold a secret.
    public let isSecret: Bool
    /// Which sections can override it.
    public let overrides: Overrides
    /// The PgBouncer version that introduced it; nil if it is our own.
    public let since: String?
    /// What it does, in a sentence or two.
    public let summary: String

    let parse: @Sendable (String, inout Settings) throws(ValueError) -> Void
    let print: @Sendable (Settings) -> String?
    let isSame: @Sendable (Settings, Settings) -> Bool
    let copy: @Sendable (_ source: Settings, _ target: inout Settings) -> Void

    /// The sections that can override a setting.
    public struct Overrides: OptionSet, Sendable {
        /// The bits.
        public let rawValue: UInt8

        /// These bits.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// A connect string of [databases].
        public static let database = Overrides(rawValue: 1)
        /// An entry of [users].
        public static let user = Overrides(rawValue: 2)
    }

    init<Value>(
        _ name: String, _ keyPath: WritableKeyPath<Settings, Value> & Sendable, _ format: ValueFormat<Value>,
        default defaultText: String?, overrides: Overrides = [], isChangeable: Bool = true,
        isSecret: Bool = false, since: String? = nil, _ summary: String
    ) {
        self.name = name
        self.kind = format.kind
        self.defaultText = defaultText
        self.overrides = overrides
        self.isChangeable = isChangeable
        self.isSecret = isSecret
        self.since = since
        self.summary = summary
        let keepsText = format.kind == .words || format.kind == .boolean
        self.parse = { text, settings throws(ValueError) in
            settings[keyPath: keyPath] = try format.parse(text)
            if keepsText { settings.givenTexts[name] = format.kind.shown(text) }
        }
        self.print = { settings in
            if keepsText, let text = settings.givenTexts[name] { return text }
            return format.print(settings[keyPath: keyPath])
        }
        self.isSame = { $0[keyPath: keyPath] == $1[keyPath: keyPath] }
        self.copy = { source, target in
            target[keyPath: keyPath] = source[keyPath: keyPath]
            if keepsText { target.givenTexts[name] = source.givenTexts[name] }
        }
    }

    /// The value as SHOW CONFIG prints it; nil is NULL. What may hold a secret is hidden.
    public func text(in settings: Settings) -> String? {
        let text = print(settings)
        return isSecret && text?.isEmpty == false ? "(hidden)" : text
    }

    /// Whether it is one of those that TLS is set up from: they only hold together.
    public var isAboutTLS: Bool { name.contains("_tls_") || name.contains("_tls13_") }

    /// The default of `auth_query`: the secret of a role that may log in, none once it has expired.
    static let defaultAuthQuery =
        "SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END "
        + "FROM pg_authid WHERE rolname=$1 AND rolcanlogin"
}
