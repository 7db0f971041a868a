import Testing

@testable import Pooler

@Suite struct LoneResetTests {
    private func read(_ text: String) -> LoneReset? {
        let bytes = Array(text.utf8)
        return unsafe bytes.withUnsafeBytes { LoneReset(unsafe RawSpan(_unsafeBytes: $0)) }
    }

    @Test(arguments: ["reset all", "RESET ALL;", " -- why\nreset/* it */all ; ;", "reset all\0"])
    func `a RESET ALL that stands alone is read`(text: String) {
        #expect(read(text) == .all)
    }

    @Test func `a RESET of one parameter that stands alone is read`() {
        #expect(read("reset work_mem") == .parameter("work_mem"))
        #expect(read("Reset TimeZone;") == .parameter("timezone"))
    }

    @Test(arguments: [
        "", "reset", "reset app.a", "reset time zone", "reset session authorization", "reset \"all\"",
        "reset a; select 1",
        "reset all; reset a", "set a to default", "select 1; reset all", "resetall",
        "reset a" + String(repeating: " ", count: 300),
    ])
    func `every other text is not one`(text: String) {
        #expect(read(text) == nil)
    }

    @Test func `what a SET would spell in another way is not left to it`() {
        func keeps(_ value: String, _ name: String = "search_path") -> Bool {
            Alignment.keeps(Array(value.utf8), of: name)
        }
        #expect(keeps("one") && keeps("one, two_x") && keeps("\"$user\", public") && keeps("Any, thing", "DateStyle"))
        #expect(!keeps("one,two") && !keeps("One") && !keeps("\"a\"") && !keeps("one,  two") && !keeps(""))
        #expect(!keeps("ä", "application_name"))
    }
}
