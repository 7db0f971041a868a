import Dispatch
import PoolerConfig

/// Identity providers change their keys when they see fit: the file of `auth_jwt_keys` is read again when it has changed, also
/// without a RELOAD.
extension Control {
    /// How often the file is looked at.
    private static let tokenKeysPeriod = DispatchTimeInterval.seconds(3)

    /// Looks after the file that is configured now; nobody does where there is none.
    func watchTokenKeys() {
        tokenKeysTimer?.cancel()
        tokenKeysTimer = nil
        guard let path = configuration.settings.authJwtKeys else { return }
        tokenKeysStamp = FileStamp(path)
        let timer = DispatchSource.makeTimerSource(queue: .main)
        timer.schedule(deadline: .now() + Self.tokenKeysPeriod, repeating: Self.tokenKeysPeriod)
        timer.setEventHandler { MainActor.assumeIsolated { self.lookAtTokenKeys(path) } }
        timer.activate()
        tokenKeysTimer = timer
    }

    private func lookAtTokenKeys(_ path: String) {
        let stamp = FileStamp(path)
        guard stamp != tokenKeysStamp else { return }
        tokenKeysStamp = stamp
        var changed = configuration
        do {
            changed.tokenKeys = try ConfigurationFile.read(path)
            guard changed.tokenKeys != configuration.tokenKeys else { return }
            let tokens = try TokenVerifier(changed)
            for warning in tokens?.keys.warnings ?? [] { log.warning("auth_jwt_keys: \(warning)") }
            log.info("auth_jwt_keys: \(path) has changed, its keys hold from now on")
            configuration = changed
            let snapshot = ConfigurationSnapshot(configuration, tls: tls, tokens: tokens)
            tellWorkers { $0.tokenKeysChanged(snapshot) }
        } catch {
            log.warning("\(error); the keys stay as they were")
        }
    }
}
