import Glibc
import Testing

@testable import Pooler

@Suite struct PrivilegesTests {
    @Test("An account that is not there is named in the error")
    func unknownUser() {
        let error = #expect(throws: StartError.self) { try Privileges.assume(user: "no such user") }
        #expect(error?.description == "could not find user 'no such user' to switch to")
    }

    @Test("Being that user already needs no right")
    func sameUser() throws {
        let name = unsafe getpwuid(geteuid()).map { unsafe String(cString: $0.pointee.pw_name) }
        try Privileges.assume(user: #require(name))
    }

    @Test("Root is refused", arguments: ProgramName.allCases)
    func root(program: ProgramName) throws {
        if geteuid() == 0 {
            #expect(throws: StartError.runsAsRoot(program)) { try Privileges.refuseRoot(program: program) }
        } else {
            try Privileges.refuseRoot(program: program)
        }
        #expect(StartError.runsAsRoot(.pgbouncer).description == "PgBouncer should not run as root")
    }
}
