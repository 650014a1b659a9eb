import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

extension HTTPServerBuilder {
    /// HTTP/1.1 that hangs up on clients which keep the panel waiting.
    static func patient(_ configuration: HTTP1Channel.Configuration) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            PatientChannel(http: HTTP1Channel(responder: responder, configuration: configuration))
        }
    }
}

/// A connection as Hummingbird has it, with a ``ClientPatience`` in it.
private struct PatientChannel: ServerChildChannel {
    let http: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        http.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(ClientPatience(), position: .after(decoder))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await http.handle(value: value, logger: logger)
    }
}

/// Hangs up on a client that is slow without end.
///
/// A request has to be whole some time after its head; of an answer something has to be taken every now and then. A
/// connection without a whole head, or with nothing to do, is ended by Hummingbird itself (`idleTimeout`).
private final class ClientPatience: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private static let limit = TimeAmount.seconds(30)
    /// What has to be taken within the limit at the most.
    private static let portion = 16 << 10

    private var request: Scheduled<Void>?
    private var answer: Scheduled<Void>?
    private var isReadingRequest = false
    private var portionsLeft = 0
    private var lastTaken = NIODeadline.now()

    // MARK: - Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: isReadingRequest = true
        case .body: break
        case .end:
            isReadingRequest = false
            request?.cancel()
            request = nil
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most requests come at once and need no clock.
        if isReadingRequest, request == nil {
            request = context.eventLoop.assumeIsolated().scheduleTask(in: Self.limit) {
                context.close(promise: nil)
            }
        }
        context.fireChannelReadComplete()
    }

    // MARK: - Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var part = unwrapOutboundIn(data)
        if case .body(.byteBuffer(var buffer)) = part {
            while buffer.readableBytes > Self.portion, let portion = buffer.readSlice(length: Self.portion) {
                send(.body(.byteBuffer(portion)), context, nil)
            }
            part = .body(.byteBuffer(buffer))
        }
        send(part, context, promise)
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        if portionsLeft > 0, answer == nil { watch(context) }
    }

    private func send(
        _ part: HTTPServerResponsePart, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?
    ) {
        let promise = promise ?? context.eventLoop.makePromise()
        if portionsLeft == 0 { lastTaken = .now() }
        portionsLeft += 1
        promise.futureResult.assumeIsolated().whenComplete { [self] _ in
            portionsLeft -= 1
            lastTaken = .now()
        }
        context.write(wrapOutboundOut(part), promise: promise)
    }

    private func watch(_ context: ChannelHandlerContext) {
        answer = context.eventLoop.assumeIsolated().scheduleTask(deadline: lastTaken + Self.limit) { [self] in
            answer = nil
            guard portionsLeft > 0 else { return }
            if .now() >= lastTaken + Self.limit {
                context.close(promise: nil)
            } else {
                watch(context)
            }
        }
    }

    // MARK: - The end

    func handlerRemoved(context: ChannelHandlerContext) {
        request?.cancel()
        answer?.cancel()
        request = nil
        answer = nil
    }
}
