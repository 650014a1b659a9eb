/// How closely a message is looked at: agents may have died of it.
public enum Scrutiny: Hashable, Sendable {
    /// As it should be.
    case whole
    /// An order no more than is needed to answer for it; what has no answer, not at all.
    case nameOnly
    /// Not at all.
    case none

    /// How closely a message may be looked at that so many agents have died of.
    init(afterDeaths count: Int) {
        switch count {
        case ..<Caution.patience: self = .whole
        case Caution.patience: self = .nameOnly
        default: self = .none
        }
    }
}
