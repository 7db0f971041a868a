import Testing

@testable import Pooler

@Suite struct StartupOptionsTests {
    @Test(
        arguments: [
            ("", []),
            ("-c a=b", ["a=b"]), ("-ca=b", ["a=b"]), ("--a=b", ["a=b"]),
            ("  -c   a=b\t--c=d\n-ce=f  ", ["a=b", "c=d", "e=f"]),
            ("-c a=", ["a="]), ("-c a=b=c", ["a=b=c"]), ("--a-b=c", ["a-b=c"]),
            ("-c a=x\\ y", ["a=x y"]), ("-c a=x\\\\y", ["a=x\\y"]), ("-c a=\\=", ["a=="]), ("-c a=b\\", ["a=b"]),
            ("-c a=b -c a=c", ["a=b", "a=c"]),
            ("--search_path=a,\\ b", ["search_path=a, b"]),
            // Only the blanks of the C locale split, and marks that combine do not hide them.
            ("-c a=x\u{A0}y", ["a=x\u{A0}y"]), ("-c a=x\u{2003}y", ["a=x\u{2003}y"]),
            ("-c a=b \u{301}", nil), ("-c a=\\\u{301}b", ["a=\u{301}b"]), ("-c a=\u{301}b", ["a=\u{301}b"]),
            ("-c\u{B}a=b\u{C}-c\rc=d\r\n", ["a=b", "c=d"]),
            (" ", nil), ("-c", nil), ("-c a", nil), ("-c =b", nil), ("--=b", nil), ("--", nil), ("--a", nil),
            ("-c  ", nil),
            ("a=b", nil), ("-d 5", nil), ("-c a=b extra", nil), ("-B 100", nil), ("-", nil), ("\\", nil),
            ("-c a=b \\", nil), ("-C a=b", nil), ("\u{2014}a=b", nil),
        ] as [(String, [String]?)])
    func `Switches are split as the backend splits them`(_ text: String, _ expected: [String]?) {
        let settings = try? StartupOptions.parse(text)
        #expect(settings?.map { "\($0.name)=\($0.value)" } == expected)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `Random text never traps, and every name is a part of it`(_ seed: UInt64) {
        for bytes in damaged(Array("-c a=b --c-d=e\\ f -cg=\\\\h".utf8), seed: seed) {
            let text = String(decoding: bytes, as: UTF8.self)
            let settings = (try? StartupOptions.parse(text)) ?? []
            let size = settings.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 1 }
            #expect(size <= text.utf8.count && settings.allSatisfy { !$0.name.isEmpty })
        }
    }
}
