import Testing

@testable import Pooler
@testable import PoolerConfig

@Suite struct PasswordBookTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func request(_ user: String = "app") throws -> PasswordRequest {
        PasswordRequest(command: try PasswordCommand("token"), host: "h", port: 5432, user: user, database: "d")
    }

    private func at(_ seconds: Int) -> Instant { start + .seconds(seconds) }

    /// The machine behind a reference, its answers as words.
    private final class Play {
        var book = PasswordBook<Int>()

        func wanted(_ request: PasswordRequest, by waiter: Int, _ now: Instant) -> String {
            switch book.wanted(request, by: waiter, now: now) {
            case .known(let password, let refresh): "known \(text(password))\(refresh ? ", refresh" : "")"
            case .failed(let text): "failed \(text)"
            case .wait(let isFirst): isFirst ? "start" : "wait"
            }
        }

        func printed(_ password: String, for lifetime: Int, _ request: PasswordRequest, _ now: Instant) -> String {
            ended(request, .password(.plain(password), lifetime: .seconds(lifetime)), now)
        }

        func failed(_ request: PasswordRequest, _ now: Instant) -> String {
            ended(request, .failure("no", retry: .seconds(15)), now)
        }

        func isDue(_ request: PasswordRequest, _ now: Instant) -> Bool { book.refreshIsDue(request, now: now) }

        private func ended(_ request: PasswordRequest, _ outcome: PasswordBook<Int>.Outcome, _ now: Instant) -> String {
            let (waiters, delivery) = book.runEnded(request, outcome, now: now)
            return switch delivery {
            case .password(let password): "\(waiters) get \(text(password))"
            case .failure(let text): "\(waiters) hear \(text)"
            }
        }

        private func text(_ password: IssuedPassword) -> String {
            guard case .plain(let text) = password.secret else { return "" }
            return text + " \(password.serial)"
        }
    }

    @Test func `one run serves all who wait, and those who come until its end`() throws {
        let play = Play()
        let request = try request()
        #expect(play.wanted(request, by: 1, at(0)) == "start")
        #expect(play.wanted(request, by: 2, at(1)) == "wait")
        #expect(play.wanted(try self.request("other"), by: 3, at(1)) == "start")
        #expect(play.printed("a", for: 100, request, at(2)) == "[1, 2] get a 1")
        #expect(play.wanted(request, by: 4, at(3)) == "known a 1")
        #expect(play.wanted(request, by: 4, at(81)) == "known a 1")
        #expect(play.wanted(request, by: 5, at(82)) == "known a 1, refresh")
        #expect(play.wanted(request, by: 6, at(83)) == "known a 1")
        #expect(play.wanted(request, by: 7, at(102)) == "wait")
        #expect(play.printed("b", for: 100, request, at(103)) == "[7] get b 2")
    }

    @Test func `a long life is renewed a minute before its end, also when nobody logs in`() throws {
        let play = Play()
        let request = try request()
        #expect(!play.isDue(request, at(0)))
        #expect(play.wanted(request, by: 1, at(0)) == "start")
        #expect(!play.isDue(request, at(0)))
        #expect(play.printed("a", for: 3600, request, at(0)) == "[1] get a 1")
        #expect(!play.isDue(request, at(3539)))
        #expect(play.isDue(request, at(3540)))
        #expect(!play.isDue(request, at(3541)))
        #expect(play.failed(request, at(3542)) == "[] hear no")
        #expect(play.wanted(request, by: 1, at(3543)) == "known a 1")
        #expect(!play.isDue(request, at(3556)))
        #expect(play.isDue(request, at(3557)))
    }

    @Test func `a failure is believed until it is time for another try`() throws {
        let play = Play()
        let request = try request()
        #expect(play.wanted(request, by: 1, at(0)) == "start")
        #expect(play.failed(request, at(1)) == "[1] hear no")
        #expect(play.wanted(request, by: 2, at(15)) == "failed no")
        #expect(play.wanted(request, by: 2, at(16)) == "start")
        #expect(play.failed(request, at(17)) == "[2] hear no")
        play.book.forgetFailures()
        #expect(play.wanted(request, by: 2, at(18)) == "start")
    }

    @Test func `a refused password is fetched anew, but not one that is newer`() throws {
        let play = Play()
        let request = try request()
        #expect(play.wanted(request, by: 1, at(0)) == "start")
        #expect(play.printed("a", for: 100, request, at(0)) == "[1] get a 1")
        play.book.refused(request, serial: 1)
        #expect(play.wanted(request, by: 2, at(1)) == "start")
        #expect(play.printed("b", for: 100, request, at(1)) == "[2] get b 2")
        play.book.refused(request, serial: 1)
        #expect(play.wanted(request, by: 3, at(2)) == "known b 2")
        // Also when it could not be renewed a moment ago.
        #expect(play.isDue(request, at(82)))
        #expect(play.failed(request, at(83)) == "[] hear no")
        play.book.refused(request, serial: 2)
        #expect(play.wanted(request, by: 4, at(84)) == "start")
    }

    @Test func `a life of nothing serves those who waited`() throws {
        let play = Play()
        let request = try request()
        #expect(play.wanted(request, by: 1, at(0)) == "start")
        #expect(play.printed("a", for: 0, request, at(0)) == "[1] get a 1")
        #expect(!play.isDue(request, at(0)) && !play.isDue(request, at(1)))
        #expect(play.wanted(request, by: 2, at(0)) == "start")
    }

    @Test func `names that clients make up do not pile up`() throws {
        let play = Play()
        for number in 0..<10_000 {
            let request = try request("u\(number)")
            _ = play.wanted(request, by: number, at(0))
            _ = play.printed("a", for: 100, request, at(0))
        }
        #expect(play.book.count <= 4096)
    }
}
