import Synchronization

/// Everything that was told so far, to be awaited: tests wait for events, never for time.
package final class Broadcast<Element: Sendable>: Sendable {
    private struct Waiter: Sendable {
        let matches: @Sendable (Element) -> Bool
        let continuation: CheckedContinuation<Element, Never>
    }

    private let state = Mutex<(told: [Element], waiters: [Waiter])>(([], []))

    package init() {}

    /// Adds an element and wakes who waits for it.
    package func tell(_ element: Element) {
        let woken = state.withLock { state in
            state.told.append(element)
            let woken = state.waiters.filter { $0.matches(element) }
            state.waiters.removeAll { $0.matches(element) }
            return woken
        }
        for waiter in woken { waiter.continuation.resume(returning: element) }
    }

    /// All elements so far.
    package var told: [Element] { state.withLock { $0.told } }

    /// The first element that matches, told already or to come; a suite's time limit bounds the wait.
    package func first(where matches: @escaping @Sendable (Element) -> Bool) async -> Element {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> Element? in
                if let known = state.told.first(where: matches) { return known }
                state.waiters.append(Waiter(matches: matches, continuation: continuation))
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
