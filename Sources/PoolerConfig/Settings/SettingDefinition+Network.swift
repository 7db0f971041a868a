extension SettingDefinition {
    /// Options of sockets, and buffers.
    static let network: [SettingDefinition] = [
        SettingDefinition(
            "tcp_keepalive", \.tcpKeepalive, .boolean, default: "1", since: "<=1.0",
            "Keepalive on TCP connections (SO_KEEPALIVE)."
        ),
        SettingDefinition(
            "tcp_keepcnt", \.tcpKeepcnt, .integer, default: "0", since: "<=1.0",
            "Lost keepalive probes that end a connection (TCP_KEEPCNT); 0 is the system's default."
        ),
        SettingDefinition(
            "tcp_keepidle", \.tcpKeepidle, .integer, default: "0", since: "<=1.0",
            "Idle seconds before the first keepalive probe (TCP_KEEPIDLE); 0 is the system's default."
        ),
        SettingDefinition(
            "tcp_keepintvl", \.tcpKeepintvl, .integer, default: "0", since: "<=1.0",
            "Seconds between keepalive probes (TCP_KEEPINTVL); 0 is the system's default."
        ),
        SettingDefinition(
            "tcp_socket_buffer", \.tcpSocketBuffer, .integer, default: "0", since: "<=1.0",
            "Bytes of the kernel's buffers for a socket (SO_SNDBUF, SO_RCVBUF); 0 is the system's default."
        ),
        SettingDefinition(
            "tcp_user_timeout", \.tcpUserTimeout, .integer, default: "0", since: "1.13",
            "Milliseconds that sent bytes may stay unacknowledged (TCP_USER_TIMEOUT); 0 is the system's default."
        ),
        SettingDefinition(
            "pkt_buf", \.pktBuf, .integer, default: "4096", isChangeable: false, since: "<=1.0",
            """
            Most bytes that are received from a socket at once. Less than 65536, as by default, counts as 65536: the buffer is one for \
            each worker, not for each connection, so that a smaller one would save nothing. More than 1048576 counts as that.
            """
        ),
        SettingDefinition(
            "sbuf_loopcnt", \.sbufLoopcnt, .integer, default: "5", since: "1.3",
            """
            How often one socket is read in a row, up to pkt_buf each time, before the others have their turn; 0 is \
            until it has no more.
            """
        ),
    ]
}
