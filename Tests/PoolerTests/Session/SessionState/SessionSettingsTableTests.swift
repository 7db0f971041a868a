import Testing

@testable import Pooler

@Suite struct SessionSettingsTableTests {
    @Test func `combinations that nobody uses are swept out by their bytes, those in use stay`() {
        var table = SessionSettingsTable()
        let value = [UInt8](repeating: 0x61, count: 512 * 1024)
        let used = table.intern([SessionSetting(name: "a.used", value: value)])
        for number in 0..<200 {
            _ = table.intern([SessionSetting(name: "a.n\(number)", value: value)])
            #expect(table.byteCount <= 9 << 20)
        }
        let again = table.intern([SessionSetting(name: "a.used", value: value)])
        #expect(used != nil && again === used)
    }
}
