/// RESET goes back to the values of a client's startup packet, of which its servers know nothing.
extension Worker {
    /// A message has been forwarded behind which parameters that were reset are to have the values of the startup packet: a Query,
    /// or the Sync of a batch. The query that does it goes along in the same send; its answers are swallowed.
    @inline(never)
    func putBack(_ client: ClientConnection, behind message: ClientMessage) {
        guard message == .request(.query) || message == .request(.sync), client.scanner.isAtBoundary else { return }
        client.books.session.isResetting = false
        let lone = client.books.session.loneReset
        client.books.session.loneReset = nil
        guard case .linked(let server) = client.link, !server.replies.isSkipping, server.pool.replication == nil else {
            return
        }
        var values = client.books.session.initial?.settings ?? []
        for (name, value) in zip(shared.tracked.names, client.books.session.starting?.values ?? []) {
            if let value { values.append(SessionSetting(name: name.lowercased(), value: value)) }
        }
        guard !values.isEmpty else { return }
        let known =
            message == .request(.query)
            ? lone.flatMap { SessionSettings.message(puttingBack: values, behind: $0) } : nil
        server.replies.requestSent(.query, for: .pooler)
        server.statements.queryOfOursSent()
        toServer.insert(known ?? SessionSettings.message(puttingBack: values), beside: scratch)
    }
}

extension SessionSettings {
    /// A Query message that sets what a RESET has taken back, by statements that take no snapshot, so that SET TRANSACTION may follow:
    /// RESET fails where they fail, in a failed transaction. Nil where there is a value that they would not take as it stands.
    static func message(puttingBack values: [SessionSetting], behind reset: LoneReset) -> [UInt8]? {
        var alignment = Alignment()
        for setting in values {
            guard Alignment.keeps(setting.value, of: setting.name) else { return nil }
            switch reset {
            case .all:
                if setting.name != role, setting.name != authorization {
                    alignment.set(setting.name, to: setting.value)
                }
            case .parameter(let name): if setting.name == name { alignment.set(setting.name, to: setting.value) }
            }
        }
        var writer = MessageWriter()
        writer.message(FrontendMessageType.query) { body in
            body.raw("SET LOCAL exit_on_error TO on;".utf8)
            body.raw(alignment.sql)
            body.cString("SET LOCAL exit_on_error TO off")
        }
        return writer.bytes
    }

    /// A Query message that sets what is not set in the session at all. The role comes last: it may take rights away. A refusal
    /// ends the session (`exit_on_error`), since queries may be on their way that must not run without the values.
    static func message(puttingBack values: [SessionSetting]) -> [UInt8] {
        var rows = [Array("('exit_on_error','on',-1)".utf8), Array("('exit_on_error','off',\(values.count + 1))".utf8)]
        for (index, setting) in values.enumerated() {
            let order = setting.name == role ? values.count : index
            let name = literal(Array(setting.name.utf8))
            rows.append(Array("(".utf8) + name + Array(",".utf8) + literal(setting.value) + Array(",\(order))".utf8))
        }
        var writer = MessageWriter()
        writer.message(FrontendMessageType.query) { body in
            body.raw(
                "select pg_catalog.set_config(v.n,v.v,v.n operator(pg_catalog.=) 'exit_on_error') from (select * from (values "
                    .utf8)
            body.raw(rows.joined(separator: [UInt8(ascii: ",")]))
            body.cString(isUnset)
        }
        return writer.bytes
    }

    /// Parameters with a dot are not listed; reset, they are empty.
    private static let isUnset = """
        ) as w(n,v,o) order by o offset 0) as v where case when v.n operator(pg_catalog.=) 'exit_on_error' then true \
        when v.n operator(pg_catalog.~) '[.]' \
        then coalesce(pg_catalog.current_setting(v.n,true),'') operator(pg_catalog.=) '' \
        when v.n operator(pg_catalog.=) 'role' then pg_catalog.current_setting('role') operator(pg_catalog.=) 'none' \
        when v.n operator(pg_catalog.=) 'session_authorization' then false \
        else not exists (select from pg_catalog.pg_settings s where pg_catalog.lower(s.name) operator(pg_catalog.=) v.n \
        and s.source operator(pg_catalog.=) 'session') end
        """
}
