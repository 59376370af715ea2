package io.flm.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.exchange.ExchangeCounters;
import io.flm.worker.AsyncTrainer.Traffic;
import org.junit.jupiter.api.Test;

/** How fast a worker's node sends and receives. */
class MeterTest {
    @Test
    void trafficIsWhatWasSentAndReceivedSinceTheLastReading() {
        Meter meter = new Meter(2, 0, counters(1_000, 500));
        assertThat(meter.read(2_000_000_000L, counters(9_000, 4_500)).traffic()).isEqualTo(new Traffic(4_000, 2_000));
        assertThat(meter.read(3_000_000_000L, counters(9_000, 4_500)).traffic()).isEqualTo(Traffic.NONE);
    }

    private static ExchangeCounters counters(long sent, long received) {
        return new ExchangeCounters(0, sent, 0, received, 0, 0, 0, 0, 0, 0, 0, 0);
    }
}
