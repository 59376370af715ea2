package io.flm.exchange;

import java.util.concurrent.atomic.LongAdder;

/** Counted by the exchange's thread and by trainers that help it, read by any. */
final class LiveCounters {
    final LongAdder framesSent = new LongAdder();
    final LongAdder bytesSent = new LongAdder();
    final LongAdder framesReceived = new LongAdder();
    final LongAdder bytesReceived = new LongAdder();
    final LongAdder otherGeneration = new LongAdder();
    final LongAdder corrupt = new LongAdder();
    final LongAdder unauthenticated = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder duplicate = new LongAdder();
    final LongAdder stateBytesSent = new LongAdder();
    final LongAdder stateBytesReceived = new LongAdder();
    final LongAdder lostPeers = new LongAdder();

    ExchangeCounters snapshot() {
        return new ExchangeCounters(
                framesSent.sum(),
                bytesSent.sum(),
                framesReceived.sum(),
                bytesReceived.sum(),
                otherGeneration.sum(),
                corrupt.sum(),
                unauthenticated.sum(),
                duplicate.sum(),
                refused.sum(),
                stateBytesSent.sum(),
                stateBytesReceived.sum(),
                lostPeers.sum());
    }
}
