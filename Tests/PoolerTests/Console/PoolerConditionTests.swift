import Testing

@testable import Pooler

@Suite("What the pooler's state forbids")
struct PoolerConditionTests {
    enum Situation { case active, paused, suspended, shuttingDown, withFallback }

    static func condition(_ situation: Situation) -> PoolerCondition {
        var condition = PoolerCondition(databases: ["a": .init(), "held": .init(isPaused: true)])
        switch situation {
        case .active: break
        case .paused: condition.mode = .paused
        case .suspended: condition.mode = .suspended
        case .shuttingDown: (condition.mode, condition.isShuttingDown) = (.paused, true)
        case .withFallback: condition.makesDatabases = true
        }
        return condition
    }

    @Test(
        "Each refusal has PgBouncer's text",
        arguments: [
            (.active, .pause(nil), nil), (.active, .pause("a"), nil), (.active, .pause("x"), "no such database: x"),
            (.active, .pause("pgbouncer"), "cannot pause admin db: pgbouncer"),
            (.paused, .pause(nil), "already suspended/paused"), (.paused, .pause("x"), "already suspended/paused"),
            (.suspended, .pause("a"), "already suspended/paused"), (.withFallback, .pause("x"), nil),
            (.active, .resume(nil), "pooler is not paused/suspended"), (.paused, .resume(nil), nil),
            (.suspended, .resume(nil), nil), (.active, .resume("a"), "database a is not paused"),
            (.paused, .resume("a"), "database a is not paused"), (.active, .resume("held"), nil),
            (.withFallback, .resume("x"), "no such database: x"),
            (.shuttingDown, .resume(nil), "pooler is shutting down"),
            (.shuttingDown, .resume("held"), "pooler is shutting down"),
            (.active, .resume("pgbouncer"), "database pgbouncer is not paused"),
            (.paused, .suspend, "already suspended/paused"),
            (.active, .suspend, "cannot suspend with paused databases"),
            (.active, .disable("x"), "no such database: x"), (.withFallback, .disable("x"), nil),
            (.active, .disable("pgbouncer"), "cannot disable admin db: pgbouncer"), (.paused, .disable("a"), nil),
            (.active, .enable("x"), "no such database: x"),
            (.active, .enable("pgvalet"), "cannot enable admin db: pgvalet"),
            (.active, .reconnect("x"), "no such database: x"), (.active, .reconnect(nil), nil),
            (.active, .reconnect("pgbouncer"), "cannot reconnect admin db: pgbouncer"),
            (.active, .waitClose("x"), "no such database: x"), (.active, .waitClose("a"), nil),
            (.active, .waitClose("pgbouncer"), "cannot wait in admin db: pgbouncer"),
            (.paused, .kill("a"), "already suspended/paused"), (.active, .kill("x"), "no such database: x"),
            (.active, .kill("pgbouncer"), "cannot kill admin db: pgbouncer"), (.active, .kill(nil), nil),
            (.paused, .reload, nil), (.shuttingDown, .shutdown(.immediate), nil), (.active, .killClient(1), nil),
        ] as [(Situation, ConsoleEffect, String?)])
    func refusals(situation: Situation, effect: ConsoleEffect, text: String?) {
        let refusal = Self.condition(situation).refusal(of: effect)
        #expect(refusal?.message == text)
        #expect(refusal == nil || refusal?.sqlState == "08P01")
    }
}
