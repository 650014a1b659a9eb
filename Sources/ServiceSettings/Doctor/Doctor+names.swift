import ManifestKit

extension Doctor {
    /// Says which names are none of a service's settings, though they look so.
    package func examineNames(of settings: Settings, for service: Settings.Service) {
        for name in settings.strangers(to: service) {
            guard !Settings.names.contains(name) else {
                advise("'\(name)' is no setting of the \(service.rawValue), but of the other service")
                continue
            }
            let hint = NearMiss.hint(for: name, among: Settings.namesRead(by: service))
            advise("'\(name)' is no setting\(hint.isEmpty ? "; docs/operations.md lists them" : hint)")
        }
    }
}
