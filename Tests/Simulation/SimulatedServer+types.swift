import JobKit

extension SimulatedServer {
    /// An attempt's runner and script, and what they left on the disk.
    struct Run {
        let order: JobOrder
        /// The runner lives and holds the attempt's lock.
        var isWatched = true
        /// The script's tree has living processes.
        var isAlive = false
        var hasBegun = false
        /// Whether the mark that it began is on the disk.
        var isMarked = false
        var steps: Int
        /// How it ends where nothing ends it before.
        let ending: AttemptResult.Ending
        var records: [LogRecord] = []
        var result: AttemptResult?
        var isCancelled = false
        /// What the agent was told of it.
        var toldBegan = false
        var toldRecords = 0
        var isFollowed = false
    }

    /// What a step showed to who watches.
    enum Sight {
        /// The agent decided to start it, on a word that the panel gave at that time.
        case permitted(JobOrder, word: Timestamp?)
        case began(AttemptID, JobOrder)
        case wrote(AttemptID, LogRecord)
        case done(AttemptID, AttemptResult.Ending)
        case ended(AttemptID)
        /// Nobody will see its end any more: its runner or the server died, or its folder is gone.
        case struck(AttemptID, isFolderGone: Bool)
    }
}
