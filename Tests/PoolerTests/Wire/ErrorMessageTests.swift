import PoolerTestSupport
import Testing

@testable import Pooler

@Suite struct ErrorMessageTests {
    private static func fields(_ body: [UInt8]) -> ServerMessageFields {
        body.withSpan { ServerMessageFields(body: $0) }
    }

    @Test func `An error carries its fields in Postgres's order`() {
        let error = ErrorMessage(.fatal, "08P01", "no", detail: "because", hint: "do")
        let body = Array("SFATAL\0VFATAL\0C08P01\0Mno\0Dbecause\0Hdo\0\0".utf8)
        #expect(error.bytes == Array("E".utf8) + [0, 0, 0, UInt8(body.count + 4)] + body)
        #expect(ErrorMessage(.error, "57014", "x").bytes.first == UInt8(ascii: "E"))
    }

    @Test func `A notice is a message of its own, and a NUL in a text ends that text alone`() {
        let notice = ErrorMessage(.notice, "00000", "a\0SFATAL")
        let body = Array("SNOTICE\0VNOTICE\0C00000\0Ma\0\0".utf8)
        #expect(notice.bytes == Array("N".utf8) + [0, 0, 0, UInt8(body.count + 4)] + body)
    }

    @Test func `What is written can be read`() {
        for severity in [ErrorMessage.Severity.notice, .error, .fatal] {
            let error = ErrorMessage(severity, "42P01", "relation \"ü\" does not exist", detail: "d", hint: "h")
            let fields = Self.fields(Array(error.bytes[5...]))
            #expect(fields.severity == severity.rawValue && fields.sqlState == "42P01")
            #expect(fields.message == error.message)
        }
    }

    @Test(
        arguments: [
            ("", "", "", ""), ("\0", "", "", ""), ("SERROR", "", "", ""), ("SERROR\0", "ERROR", "", ""),
            ("SFEHLER\0VERROR\0C42601\0Mx\0\0", "ERROR", "42601", "x"),
            ("VERROR\0SFEHLER\0Mx\0\0", "ERROR", "", "x"),
            ("SFATAL\0C57P03\0Mstarting\0Dd\0F\0L1\0\0Mlater\0\0", "FATAL", "57P03", "starting"),
            ("SFATAL\0C57P03\0Mcut off", "FATAL", "57P03", ""), ("M\0\0", "", "", ""), ("Mé\0", "", "", "é"),
        ])
    func `A broken body yields what can be read`(_ text: String, _ severity: String, _ state: String, _ message: String)
    {
        let fields = Self.fields(Array(text.utf8))
        #expect(fields.severity == severity && fields.sqlState == state && fields.message == message)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `Damaged bodies never trap`(_ seed: UInt64) {
        for body in damaged(Array("SFATAL\0VFATAL\0C57P03\0Mno\0\0".utf8), seed: seed) {
            let fields = Self.fields(body)
            #expect(fields.message.utf8.count <= body.count * 3)
        }
    }

    @Test func `Messages that we write have the length that they say`() {
        var writer = MessageWriter()
        writer.message(BackendMessageType.dataRow) { body in
            body.int16(-2)
            body.int32(-3)
            body.uint32(0xFFFF_FFFE)
            body.uint8(7)
            body.cString("é\0x")
            body.raw([1, 2])
        }
        writer.untypedMessage { $0.uint32(1) }
        let body: [UInt8] = [255, 254, 255, 255, 255, 253, 255, 255, 255, 254, 7, 0xC3, 0xA9, 0, 1, 2]
        #expect(writer.bytes == Array("D".utf8) + [0, 0, 0, 20] + body + [0, 0, 0, 8, 0, 0, 0, 1])
    }

    @Test func `The messages of a login are as the manual has them`() {
        var writer = MessageWriter()
        writer.authenticationOk()
        writer.backendKeyData(CancelKey(process: 1, secret: 0x0102_0304))
        writer.readyForQuery(.failed)
        let expected =
            Array("R".utf8) + [0, 0, 0, 8, 0, 0, 0, 0] + Array("K".utf8) + [0, 0, 0, 12, 0, 0, 0, 1, 1, 2, 3, 4]
            + Array("Z".utf8) + [0, 0, 0, 5] + Array("E".utf8)
        #expect(writer.bytes == expected)
    }
}
