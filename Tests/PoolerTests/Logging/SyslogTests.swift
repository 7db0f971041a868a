import Glibc
import PoolerConfig
import Testing

@testable import Pooler

@Suite struct SyslogTests {
    /// The numbers of RFC 5424, section 6.2.1.
    @Test(
        "A facility has its number, above the three bits of the severity",
        arguments: [
            (SyslogFacility.user, 1), (.daemon, 3), (.auth, 4), (.authpriv, 10), (.local0, 16), (.local1, 17),
            (.local2, 18), (.local3, 19), (.local4, 20), (.local5, 21), (.local6, 22), (.local7, 23),
        ] as [(SyslogFacility, Int32)])
    func facility(facility: SyslogFacility, number: Int32) {
        #expect(facility.code == number * 8)
    }
}
