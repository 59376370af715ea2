package io.flm.data;

import akka.NotUsed;
import akka.actor.ClassicActorSystemProvider;
import akka.stream.Attributes;
import akka.stream.Materializer;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.SinkQueueWithCancel;
import akka.stream.javadsl.Source;
import java.util.concurrent.CompletionException;

/** The batches of some lanes, prepared ahead by {@link Ingest} and taken by one thread, which may wait: the trainer's. */
public final class BatchReader implements AutoCloseable {
    private final SinkQueueWithCancel<LaneBatch> queue;

    BatchReader(Source<LaneBatch, NotUsed> batches, ClassicActorSystemProvider system) {
        // The stream has its own buffer: this one holds the batch that is handed over.
        this.queue = batches.runWith(
                Sink.<LaneBatch>queue().withAttributes(Attributes.inputBuffer(1, 1)),
                Materializer.matFromSystem(system));
    }

    /**
     * Waits for the next batch: for each step its lanes in order. What failed the stream is thrown as it is: a {@link
     * UserException} for bad samples.
     */
    public LaneBatch next() {
        try {
            return queue.pull()
                    .toCompletableFuture()
                    .join()
                    .orElseThrow(() -> new IllegalStateException("the batches ended, though lanes have no end"));
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        queue.cancel();
    }
}
