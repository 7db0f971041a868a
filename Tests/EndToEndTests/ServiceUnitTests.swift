import Glibc
import PoolerTestSupport
import Testing

/// The units in config/systemd.
@Suite struct ServiceUnitTests {
    private static let analyzer = "/usr/bin/systemd-analyze"

    private static let units: String = {
        let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(package)/config/systemd"
    }()

    @Test(
        .enabled(
            if: unsafe access(ServiceUnitTests.analyzer, X_OK) == 0, "systemd-analyze is missing: install systemd"))
    func `systemd finds nothing to say against the units`() throws {
        let home = try TemporaryDirectory("units")
        let service = readFile("\(Self.units)/pgvalet.service")
        // The program and its manual are where the package puts them, which need not be here.
        let program = "ExecStart=/usr/sbin/pgvalet "
        try #require(service.contains(program))
        try home.write("pgvalet.service", service.replacing(program, with: "ExecStart=\(Pooler.binary) "))
        try home.write("pgvalet.socket", readFile("\(Self.units)/pgvalet.socket"))
        let (ending, output) = try ChildProcess.run([
            Self.analyzer, "verify", "--man=no", home.file("pgvalet.service"), home.file("pgvalet.socket"),
        ])
        #expect(ending == .exited(0))
        #expect(!output.contains("pgvalet."), "\(output)")
    }

    @Test(
        .enabled(
            if: unsafe access(ServiceUnitTests.analyzer, X_OK) == 0, "systemd-analyze is missing: install systemd"))
    func `the service is well confined`() throws {
        let (ending, output) = try ChildProcess.run([
            Self.analyzer, "security", "--offline=yes", "--threshold=20", "\(Self.units)/pgvalet.service",
        ])
        #expect(ending == .exited(0), "\(output)")
    }
}
