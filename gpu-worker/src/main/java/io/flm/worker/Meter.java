package io.flm.worker;

import io.flm.exchange.ExchangeCounters;
import io.flm.worker.AsyncTrainer.Rates;
import io.flm.worker.AsyncTrainer.Shares;
import io.flm.worker.AsyncTrainer.Traffic;

/** Adds up steps and says how fast they went. */
final class Meter {
    private final int lanes;
    private long since;
    private ExchangeCounters exchanged;
    private long steps;
    private long samples;
    private long tokens;
    private long dataNs;
    private long forwardNs;
    private long backwardNs;
    private long exchangeNs;
    private long optimizerNs;

    /** @param exchanged what the node has so far */
    Meter(int lanes, long now, ExchangeCounters exchanged) {
        this.lanes = lanes;
        this.since = now;
        this.exchanged = exchanged;
    }

    /** When it was last read. */
    long since() {
        return since;
    }

    void add(StepResult result) {
        steps++;
        samples += result.totals().samples();
        tokens += result.totals().tokens();
        dataNs += result.times().dataNs();
        forwardNs += result.times().forwardNs();
        backwardNs += result.times().backwardNs();
        exchangeNs += result.times().exchangeNs();
        optimizerNs += result.times().optimizerNs();
    }

    /** The rates since the last reading; begins anew. */
    Rates read(long now, ExchangeCounters exchangedNow) {
        double seconds = Math.max(1, now - since) / 1e9;
        double spentNs = Math.max(1, dataNs + forwardNs + backwardNs + exchangeNs + optimizerNs);
        Rates rates = new Rates(
                samples / seconds,
                tokens / seconds,
                (dataNs + forwardNs + backwardNs) / 1e6 / Math.max(1, steps * lanes),
                new Shares(
                        dataNs / spentNs,
                        forwardNs / spentNs,
                        backwardNs / spentNs,
                        exchangeNs / spentNs,
                        optimizerNs / spentNs),
                new Traffic(
                        (exchangedNow.bytesSent() - exchanged.bytesSent()) / seconds,
                        (exchangedNow.bytesReceived() - exchanged.bytesReceived()) / seconds));
        since = now;
        exchanged = exchangedNow;
        steps = samples = tokens = dataNs = forwardNs = backwardNs = exchangeNs = optimizerNs = 0;
        return rates;
    }
}
