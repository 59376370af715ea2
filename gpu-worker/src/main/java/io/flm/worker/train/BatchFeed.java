package io.flm.worker.train;

import akka.actor.typed.ActorSystem;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.SinkQueueWithCancel;
import io.flm.data.Ingest;
import io.flm.data.LaneBatch;
import io.flm.data.UserException;
import io.flm.exchange.LaneRange;
import java.util.concurrent.CompletionException;

/** The batches of one worker's lanes, prepared ahead by {@link Ingest} and taken by the trainer thread, which may wait. */
final class BatchFeed implements AutoCloseable {
    private final SinkQueueWithCancel<LaneBatch> queue;

    BatchFeed(Ingest ingest, long firstStep, LaneRange lanes, ActorSystem<?> system) {
        queue = ingest.batches(firstStep, lanes.from(), lanes.to()).runWith(Sink.queue(), system);
    }

    /** The next batch: for each step its lanes in order. */
    LaneBatch take() {
        try {
            return queue.pull()
                    .toCompletableFuture()
                    .join()
                    .orElseThrow(() -> new IllegalStateException("the batches ended, though lanes have no end"));
        } catch (CompletionException e) {
            if (e.getCause() instanceof UserException user) {
                throw user;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        queue.cancel();
    }
}
