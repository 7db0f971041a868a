// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target of this package is built with.
let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableExperimentalFeature("Lifetimes"),
]

/// The daemon's one hot module: exclusivity is proved by the threads' ownership rules (docs/architecture.md), so its
/// dynamic checks are off in release. Bounds and overflow checks stay on.
let hot: [SwiftSetting] =
    strict + [
        .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
    ]

let package = Package(
    name: "pgvalet",
    products: [
        .executable(name: "pgvalet", targets: ["pgvalet"]),
        .executable(name: "pgvalet-load", targets: ["pgvalet-load"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
    ],
    targets: [
        .target(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        // Loaded when they are first needed, so that neither is linked; the headers come from libpam0g-dev and libldap-dev.
        .target(name: "CPAM"),
        .target(name: "CLDAP"),
        .systemLibrary(name: "CPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(name: "PoolerConfig", swiftSettings: strict),
        .target(
            name: "Pooler",
            dependencies: [
                "CLDAP", "CLinux", "COpenSSL", "CPAM", "PoolerConfig",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: hot
        ),
        .executableTarget(
            name: "pgvalet",
            dependencies: [
                "Pooler"
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "pgvalet-load",
            dependencies: [
                "CLinux", "COpenSSL", "CPQ",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "PoolerTestSupport",
            dependencies: ["CLinux", "CPQ"],
            path: "Tests/PoolerTestSupport",
            swiftSettings: strict
        ),
        .testTarget(
            name: "PoolerConfigTests", dependencies: ["PoolerConfig", "PoolerTestSupport"], exclude: ["Fixtures"],
            swiftSettings: strict),
        .testTarget(
            name: "PoolerTests",
            dependencies: ["Pooler", "PoolerConfig", "PoolerTestSupport"],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EndToEndTests", dependencies: ["PoolerTestSupport"], exclude: ["Fixtures"], swiftSettings: strict),
    ]
)

// scripts/fuzz builds this one by itself, with libFuzzer's main function and with every module watched by it.
if Context.environment["PGVALET_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "pgvalet-fuzz",
            dependencies: ["Pooler", "PoolerConfig", .product(name: "Logging", package: "swift-log")],
            path: "Tests/Fuzz/Sources",
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]
        ))
}
