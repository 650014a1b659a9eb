#if DEBUG
    import JobKit
    import Testing

    @Suite("Where a process is to die") struct CrashPlanTests {
        @Test(arguments: CrashPoint.allCases) func readsEveryPoint(_ point: CrashPoint) {
            #expect(CrashPlan("\(point.rawValue):3")?.description == "\(point.rawValue):3")
        }

        @Test func readsWhoseItIs() {
            #expect(CrashPlan("ingest.event:2@agent-002")?.description == "ingest.event:2@agent-002")
        }

        @Test(arguments: [
            "", "permit", "permit:", "permit:0", "permit:-1", "permit:1:1", ":1", "permission:1", "permit: 1",
        ])
        func readsNothingElse(_ text: String) {
            #expect(CrashPlan(text) == nil)
        }
    }
#endif
