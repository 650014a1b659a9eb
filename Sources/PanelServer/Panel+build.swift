import Glibc
import Hummingbird
import HummingbirdCore
public import JobKit
import Logging
import NIOCore
import OpenSSLCrypto
import RedisQueue
import SQLiteStore
public import ServiceLifecycle
import ServiceSettings
import UnixSignals

// The composition root: the only place that knows every concrete type.

extension JobDispatcher: Service {}
extension ReportIngestor: Service {}
extension PresenceSweep: Service {}

/// A panel, put together and ready to run.
struct Panel {
    let services: [any Service]
    let logger: Logger

    /// Opens the database, connects to Redis, loads the catalogue and lays out the routes.
    static func build(_ configuration: PanelConfiguration, logger: Logger) async throws -> Panel {
        try OpenFiles.require(requiredFiles)
        let clock = ContinuousClock()
        let events = EventLogging(logger: logger)
        let catalog = try Catalog(folder: configuration.installersFolder)
        events.catalog(catalog)
        let (store, eventNotes, beatNotes) = try openStore(configuration.databasePath)
        // A name that was mistyped would go unnoticed: there would be no jobs, and no servers.
        logger.notice(
            store.isNew ? "a new record is made" : "record opened",
            metadata: ["path": "\(configuration.databasePath)", "redis": "\(configuration.redis)"])
        let link = try RedisJobQueue(
            at: configuration.redis, name: "panel", prefix: configuration.redisPrefix)
        let keyring = Keyring(configuration.rootKey, previous: configuration.previousRootKey)
        let feed = JobFeed(clock: clock)

        let dispatcher = JobDispatcher(store: store, link: link, clock: clock, onEvent: events.dispatcher)
        let ingestor = ReportIngestor(
            store: store, link: link, keyring: keyring,
            acknowledger: Acknowledger(keyring: keyring, now: SystemTime.now), clock: clock,
            now: SystemTime.now, notes: eventNotes
        ) { event in
            events.ingestor(event)
            switch event {
            case .changed(let job): feed.tell(job.id)
            case .logged(let job): feed.tell(job)
            default: break
            }
        }
        let sweep = PresenceSweep(
            store: store, link: link, keyring: keyring, dispatcher: dispatcher, ingestor: ingestor,
            clock: clock,
            now: SystemTime.now, notes: beatNotes, onEvent: events.sweep)
        let desk = JobDesk(
            store: store, keyring: keyring, queueLimit: configuration.queueLimit, now: SystemTime.now,
            random: { try RandomBytes.generate($0) }, onAccepted: { dispatcher.ring($0) })
        let servers = ServerDesk(store: store, now: SystemTime.now) { record in
            // Should the wire fail, the next sweep says it again.
            try? await ingestor.acknowledge([record])
            if record.revokedAt != nil { await dispatcher.restart(record.id) }
        }

        let router = try PanelRouter.build(
            token: TokenGuard(token: configuration.token), catalog: catalog, desk: desk, servers: servers,
            store: store, sweep: sweep, feed: feed)
        let http = Application(
            router: router, server: .patient(connections),
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port), serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(clientCount)),
            onServerRunning: { channel in
                // One at a time, so that no more are taken than there is room for.
                try? await channel.setOption(ChannelOptions.maxMessagesPerRead, value: 1).get()
                logger.notice(
                    "panel answers", metadata: ["address": "\(channel.localAddress.map { "\($0)" } ?? "")"])
            },
            logger: logger)
        // Stopped in the reverse order: HTTP first, so that whatever was accepted is still sent and taken in.
        let address = "\(configuration.host):\(configuration.port)"
        return Panel(
            services: [
                Workers(services: [dispatcher, ingestor, sweep]),
                Listener(application: http, address: address),
            ], logger: logger)
    }

    /// What the panel has open for itself, and does not start without.
    ///
    /// The record, Redis, three for each of the web server's threads.
    static let requiredFiles = 40 + 3 * sysconf(CInt(_SC_NPROCESSORS_ONLN))

    /// How many clients it serves at a time: for what is left, but some to spare.
    ///
    /// Who comes when all of it is taken waits until somebody goes.
    static var clientCount: Int { max(8, OpenFiles.limit - requiredFiles - 6) }

    /// How long a client may say nothing, and how much before its body; it holds a connection meanwhile.
    private static let connections = HTTP1Channel.Configuration(
        idleTimeout: .seconds(10),
        httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))

    private static func openStore(
        _ path: String
    ) throws -> (SQLiteJobStore, events: FileCrashNotes, beats: FileCrashNotes) {
        do throws(StoreError) {
            return (
                try SQLiteJobStore(path: path), try FileCrashNotes(path: path + ".notes"),
                try FileCrashNotes(path: path + ".beats")
            )
        } catch {
            throw StartupProblem("PANEL_DATABASE cannot be used: \(error.message)")
        }
    }

    func run() async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // A client that does not read, or does not send what it announced, keeps no panel from its end.
        configuration.maximumGracefulShutdownDuration = .seconds(8)
        try await ServiceGroup(configuration: configuration).run()
    }
}

/// The web server, which says whose setting it is that it cannot listen.
private struct Listener<Web: ApplicationProtocol>: Service {
    let application: Web
    let address: String

    func run() async throws {
        do {
            try await application.run()
        } catch let error as IOError {
            let reason = String(cString: strerror(error.errnoCode))
            throw StartupProblem("the panel cannot listen on \(address) (PANEL_HOST, PANEL_PORT): \(reason)")
        } catch let error as SocketAddressError.UnknownHost {
            throw StartupProblem("PANEL_HOST '\(error.host)' is no address of this machine")
        }
    }
}

/// What the panel does besides answering: services whose loops know cancellation only.
///
/// Where one fails the others end as they would at a cancel, and then the process.
private struct Workers: Service {
    let services: [any Service]

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await withThrowingTaskGroup { group in
                    for service in services { group.addTask { try await service.run() } }
                    try await group.next()
                    group.cancelAll()
                }
            }
        } catch {
            // A read of the record that is cancelled half-way fails; nothing that was begun is lost by it.
            guard !Task.isShuttingDownGracefully else { return }
            // It is the web server that has failed.
            guard !Task.isCancelled else { throw error }
            // Not by way of the web server: one that is cancelled with a client on its way in traps.
            Program.fail(PanelServer.name, error)
        }
    }
}
