extension SettingDefinition {
    /// Where clients are listened for.
    static let listening: [SettingDefinition] = [
        SettingDefinition(
            "listen_addr", \.listenAddr, .words, default: "", isChangeable: false, since: "<=1.0",
            "TCP addresses or host names to listen on, separated by commas; `*` is all of them, empty is no TCP."
        ),
        SettingDefinition(
            "listen_port", \.listenPort, .integer(0...65535), default: "6432", isChangeable: false, since: "<=1.0",
            "Port of the TCP listeners, and the number in the name of the Unix socket, `.s.PGSQL.<port>`."
        ),
        SettingDefinition(
            "listen_backlog", \.listenBacklog, .integer, default: "128", isChangeable: false, since: "1.3.3",
            "Connections that the kernel queues for a listener, see listen(2)."
        ),
        SettingDefinition(
            "unix_socket_dir", \.unixSocketDir, .path, default: "/tmp", isChangeable: false, since: "<=1.0",
            """
            Directory of the Unix socket, and of server connections that have no `host`. A leading `@` is \
            the abstract namespace, empty is no Unix socket.
            """
        ),
        SettingDefinition(
            "unix_socket_mode", \.unixSocketMode, .integer(0...0o7777), default: "0777", isChangeable: false,
            since: "1.5.1",
            "Permission bits of the Unix socket file."
        ),
        SettingDefinition(
            "unix_socket_group", \.unixSocketGroup, .text, default: "", isChangeable: false, since: "1.5.1",
            "Group, by name or number, that the Unix socket file is given to."
        ),
        SettingDefinition(
            "so_reuseport", \.soReuseport, .boolean, default: "0", isChangeable: false, since: "1.12",
            """
            Sets SO_REUSEPORT on TCP listeners, so that several processes share one port, and can be restarted one by one \
            (docs/restart.md).
            """
        ),
        SettingDefinition(
            "tcp_defer_accept", \.tcpDeferAccept, .boolean, default: "1", since: "<=1.0",
            "A TCP connection is accepted only when its first bytes are there (TCP_DEFER_ACCEPT)."
        ),
        SettingDefinition(
            "worker_threads", \.workerThreads, .integer(0...1024), default: "0", isChangeable: false,
            "Number of threads that carry connections; 0 is the number of cores."
        ),
    ]
}
