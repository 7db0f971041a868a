import Glibc
import Testing

@testable import Pooler

@Suite struct ServerFailureTests {
    private static let refused = ServerFailure.refused(sqlState: "28P01", message: "password wrong")

    @Test(
        arguments: [
            (.lookUp("Name or service not known"), "server DNS lookup failed", ": Name or service not known", false),
            (.connect(Errno(code: ECONNREFUSED)), "connect failed", ": Connection refused", false),
            (.connectTimeout, "connect timeout", "", false),
            (
                .authentication("server login failed: wrong password type"), "server login failed: wrong password type",
                "", true
            ),
            (refused, "password wrong", "", true),
            (.refused(sqlState: "57P03", message: "starting up"), "starting up", "", false),
            (.refused(sqlState: "53300", message: "too many"), "too many", "", false),
            (.protocolViolation, "unexpected response from server during login", "", false),
            (.tooTalkative, "too many messages from server during login", "", false),
            (.connectQueryLeftTransaction, "connect_query left a transaction open", "", true),
            (.endOfFile, "server conn crashed?", "", false),
            (.io(Errno(code: ECONNRESET)), "server connection failed: Connection reset by peer", "", false),
        ] as [(ServerFailure, String, String, Bool)])
    func `A failure has its words, more of them for people, and is final or not`(
        _ failure: ServerFailure, _ text: String, _ more: String, _ isFinal: Bool
    ) {
        #expect(failure.text == text && failure.description == text + more && failure.isFinalAnswer == isFinal)
    }

    @Test func `Clients are told the server's own code, or a protocol error`() {
        #expect(Self.refused.closeReason == .serverLogin(sqlState: "28P01", message: "password wrong"))
        let silent = ServerFailure.refused(sqlState: "", message: "no")
        #expect(silent.closeReason == .serverLogin(sqlState: "08P01", message: "no"))
        #expect(
            ServerFailure.authentication("no").closeReason == .serverLogin(sqlState: "08P01", message: "no"))
    }
}
